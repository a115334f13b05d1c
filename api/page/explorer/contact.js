// One contact: the graph around it, what it owns, what it did, what happened to it, and what can be changed by hand.

import { ALWAYS, KEYS, agoOf, badgeOf, byId, call, contactLink, emptyBox, group, hrefTo, iconOf, inWords, isSubscription, linkTo, make, nameOf, pagedList, pathOf, plural, say, whenOf, withLinks } from "./dom.js";
import { apartPart } from "./apart.js";
import { drawnView, graphView } from "./graph.js";
import { foldForm, giveKeyForm, refoldButton, sleepButton, takeKeyButton, unmergeButton } from "./hands.js";
import { ownerList } from "./lookup.js";
import { privacyPart } from "./privacy.js";
import { splitForm, splitsOf } from "./splits.js";
import { sameAs } from "./suggestions.js";
import { activityView } from "./timeline.js";
import { keysOf, whyOf } from "./why.js";

const PARTS = {
  graph: ["Graph", (contact, select) => graphView(contact, { select })],
  keys: ["Keys and properties", keysPart],
  activity: ["Activity", (contact, tracker, query) => activityView(contact, tracker, query)],
  history: ["History", historyPart],
  why: ["Why one person", whyOf],
  same: ["Same as", sameAs],
  change: ["Change", changePart],
  privacy: ["Export and erase", privacyPart],
};

let open = null;
addEventListener("kinfold:changed", () => { open = null; });
addEventListener("kinfold:erased", () => { open = null; });

/** Whoever owns a key: one is shown at once, several are listed. */
export async function ownersView(key, value = "") {
  byId("query").value = value;
  const { items } = await call(`/v1/contacts?${key}=${encodeURIComponent(value)}`);
  say(`${plural(items.length, "contact")} found`);
  const named = [KEYS[key], " ", make("span", { class: "mono" }, value)];
  if (items.length === 0) {
    return make("div", { class: "view", "data-title": value }, make("h1", { class: "unseen" }, "Nobody"), emptyBox("Nobody", "No contact owns the ", named, "."));
  }
  const select = `${key}:${value}`;
  if (items.length === 1) return contactView(items[0].id, "", "", { contact: items[0], select, note: ["Found by ", named, "."] });
  return make(
    "div", { class: "view", "data-title": value },
    make("h1", {}, `${plural(items.length, "contact")} own the `, named),
    ownerList(items.map((contact) => ({ contact, note: plural(contact.trackers.length, "tracker") }))),
    make("h2", {}, "Around it"),
    drawnView(await call(`/v1/graph?${key}=${encodeURIComponent(value)}`), { acts: apartPart }),
  );
}

export async function contactView(id, part, more, { contact, select, note, query } = {}) {
  if (open?.element.isConnected && open.id === id && !contact) {
    open.turn(part, more, query);
    return open.element;
  }
  contact ??= await call(pathOf(id));
  if (contact.redirected_from) {
    note ??= ["The id ", make("span", { class: "mono" }, contact.redirected_from), " was folded into this contact."];
  }
  const panel = make("div", { class: "panel" });
  const links = Object.entries(PARTS).map(([name, [words]]) => make("a", { href: hrefTo("contact", contact.id, ...(name === "graph" ? [] : [name])), "data-part": name }, words));
  const turn = (name, detail, asked) => {
    const chosen = name in PARTS ? name : "graph";
    for (const link of links) {
      if (link.dataset.part === chosen) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    panel.replaceChildren(PARTS[chosen][1](contact, chosen === "graph" ? select : detail, asked));
  };
  const element = make(
    "article", { class: "view contact", "aria-label": nameOf(contact), "data-title": nameOf(contact) },
    note ? make("p", { class: "note" }, note) : null,
    make("header", { class: "who" },
      make("div", { class: "face", "aria-hidden": "true" }, [...nameOf(contact)][0].toUpperCase()),
      make("div", {},
        make("h1", {}, nameOf(contact), " ", badgeOf(contact.kind)),
        make("p", { class: "soft id" }, make("span", { class: "mono" }, contact.id), copyButton(contact.id))),
      factsOf(contact)),
    make("nav", { class: "parts", "aria-label": "Parts of this contact" }, links),
    panel,
  );
  turn(part, more, query);
  open = { id: contact.id, element, turn };
  say(`Contact ${nameOf(contact)}`);
  return element;
}

function factsOf(contact) {
  const shared = contact.subscriptions.filter((subscription) => subscription.shared_with.length).length;
  const fact = (number, words, warn) => make("li", { class: warn ? "warn" : null }, make("b", {}, number.toLocaleString()), ` ${words}`);
  const counted = (list, one) => fact(list.length, plural(list.length, one).replace(/^\S+ /, ""));
  return make(
    "ul", { class: "facts" },
    counted([...contact.emails, ...contact.user_ids], "name"),
    counted(contact.trackers, "tracker"),
    counted(contact.subscriptions, "subscription"),
    shared ? fact(shared, "shared", true) : null,
    contact.merged_from.length ? fact(contact.merged_from.length, "folded in") : null,
    make("li", {}, "seen ", whenOf(contact.last_occurred_at, contact.last_seen_at)),
  );
}

function keysPart(contact) {
  const owned = (key, value) => make("span", { class: "owned" }, iconOf(key), linkTo(key, value));
  const take = (key, value) => takeKeyButton(contact, key, value);
  return make(
    "div", { class: "groups" },
    make("h2", { class: "unseen" }, "Keys and properties"),
    group("Emails", contact.emails, (email) => [owned("email", email), take("email", email)]),
    group("User ids", contact.user_ids, (id) => [owned("user_id", id), take("user_id", id)]),
    group("Trackers (browsers)", contact.trackers, (id) => [owned("tracker_id", id), take("tracker_id", id)]),
    group("Push subscriptions", contact.subscriptions, ({ id, namespace = "subscription", shared_with: others, state }) => [
      owned(namespace, id), namespace === "subscription" ? null : make("span", { class: "chip" }, KEYS[namespace] ?? namespace), state === "asleep" ? make("span", { class: "chip", title: "not to be used to reach this person now" }, "asleep") : null, take(namespace, id),
      sleepButton(namespace, id, {
        words: state === "asleep" ? "Wake" : "Let it sleep", named: `${state === "asleep" ? "Wake on" : "Let it sleep:"} the subscription ${id}`,
        asleep: state !== "asleep", whom: { contacts: [contact.id] }, contact: contact.id,
      }),
      others.length ? make("span", { class: "shared" }, "shared with ", others.flatMap((other, index) => [index ? ", " : "", contactLink(other)])) : null,
    ]),
    Object.entries(contact.keys ?? {}).filter(([name]) => !ALWAYS.includes(name) && !isSubscription(name)).map(([name, values]) => group(
      KEYS[name] ?? name, values, (value) => [owned(name, value), take(name, value)],
    )),
    group("Folded into it", contact.merged_from, (id) => contactLink(id), { none: "nothing" }),
    group("Segments", contact.segments, (segment) => make("span", { class: "chip" }, segment)),
    group("Workflows", Object.entries(contact.workflows), workflowShown),
    make("div", { class: "group" },
      make("h3", {}, "Seen"),
      make("p", {}, "first ", whenOf(contact.first_occurred_at, contact.created_at)), make("p", {}, "last ", whenOf(contact.last_occurred_at, contact.last_seen_at))),
    make("div", { class: "group wide" }, make("h3", {}, "Properties"), propertiesTable(contact.properties)),
  );
}

function workflowShown([name, { status, nodes }]) {
  const ran = Object.entries(nodes);
  return [
    make("span", {}, make("strong", {}, name), " ", make("span", { class: "badge" }, status)),
    ran.length === 0 ? null : make("ul", { class: "nodes" }, ran.map(([node, { ran_at: at, data }]) => make(
      "li", {}, `${node}, `, agoOf(at),
      Object.entries(data).map(([field, value]) => make("span", { class: "datum" }, `${field}: ${inWords(value)}`)),
    ))),
  ];
}

function propertiesTable(properties) {
  const rows = Object.entries(properties).sort(([one], [other]) => (one < other ? -1 : 1));
  if (rows.length === 0) return make("p", { class: "none" }, "none");
  return make("table", { class: "properties" }, make("tbody", {}, rows.map(([name, value]) => make(
    "tr", {}, make("th", { scope: "row" }, name), make("td", {}, inWords(value)),
  ))));
}

function copyButton(id) {
  const button = make("button", { type: "button", class: "quiet small" }, "Copy id");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(id);
      button.textContent = "Copied";
      say("Contact id copied");
    } catch {
      button.textContent = "Not allowed here";
    }
  });
  return button;
}

function historyPart(contact) {
  const list = make("ol", { class: "history" });
  // Newest first: that a union was undone is told before the union itself.
  const undone = new Set();

  function shown(item) {
    if (item.what === "unmerged") undone.add(item.merge);
    const standing = item.what === "folded" && !undone.has(item.merge);
    return make(
      "li", { class: `what-${item.what}` },
      make("p", { class: "soft" }, make("span", { class: "badge" }, item.what), " ", whenOf(item.occurred_at, item.at)),
      make("p", {}, withLinks(item.words, contact.id)),
      standing ? unmergeButton(contact.id, item.merge) : null,
      item.what === "unmerged" ? refoldButton(item.merge, { contact: contact.id }) : null,
    );
  }

  return make(
    "section", { class: "card", "aria-label": "History" },
    make("h2", {}, "What happened to it, newest first"), list,
    pagedList({ path: pathOf(contact.id, "/history"), size: 25, into: list, shown, noun: ["event of its history", "events of its history"] }),
  );
}

function changePart(contact) {
  return make(
    "div", { class: "columns" },
    make("section", { class: "card" }, make("h2", {}, "Union with another contact"),
      make("p", { class: "soft" }, "Every field that would change is shown first. A union can be taken back exactly."), foldForm(contact)),
    make("section", { class: "card" }, make("h2", {}, "Give it a key"),
      make("p", { class: "soft" }, `It owns ${plural(keysOf(contact).length, "key")}; each can be taken away under Keys and properties.`), giveKeyForm(contact)),
    make("section", { class: "card", "aria-label": "Split it" }, make("h2", {}, "Split it"),
      make("p", { class: "soft" }, "Several people in one: each key takes its activity and properties along. Who gets what is shown first, and a split can be undone exactly."),
      splitForm(contact), splitsOf(contact)),
  );
}
