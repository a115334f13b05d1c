// One contact: what is known of it, what happened to it, what it did.

import { KEYS, badgeOf, call, group, inWords, linkTo, make, nameOf, pagedList, pathOf, problemBox, say, timeOf } from "./dom.js";
import { foldForm, giveKeyForm, takeKeyButton, unmergeButton } from "./hands.js";

const PAGE = 25;

export function contactCard(contact) {
  const take = (key, value) => takeKeyButton(contact, key, value);
  const workflows = Object.entries(contact.workflows);
  const owned = (key, value) => [linkTo(key, value), take(key, value)];
  return make(
    "article", { class: "card contact", "aria-label": nameOf(contact) },
    contact.redirected_from
      ? make("p", { class: "note" }, "The id ", make("code", {}, contact.redirected_from), " was folded into this contact.")
      : null,
    make("div", { class: "who" },
      make("h1", {}, nameOf(contact)), badgeOf(contact.kind), copyButton(contact.id),
      make("span", { class: "mono" }, contact.id)),
    make("div", { class: "groups" },
      group("Emails", contact.emails, (email) => owned("email", email)),
      group("User ids", contact.user_ids, (id) => owned("user_id", id)),
      group("Trackers (browsers)", contact.trackers, (id) => owned("tracker_id", id)),
      group("Push subscriptions", contact.subscriptions, (subscription) => [...sharedWith(subscription), take("subscription", subscription.id)]),
      group("Folded into it", contact.merged_from, (id) => linkTo("contact", id), "nothing"),
      group("Segments", contact.segments, (segment) => segment),
      group("Workflows", workflows, workflowShown),
      make("div", { class: "group" },
        make("h3", {}, "Seen"),
        make("p", {}, "first ", timeOf(contact.created_at)), make("p", {}, "last ", timeOf(contact.last_seen_at)))),
    make("div", { class: "group" }, make("h3", {}, "Properties"), propertiesTable(contact.properties)),
    make("details", { class: "part" }, make("summary", {}, "Change it by hand"), giveKeyForm(contact), foldForm(contact)),
    make("details", { class: "part" }, make("summary", {}, "Why the same person?"), whyForm(contact)),
    historyOf(contact),
    activityOf(contact.id),
  );
}

function sharedWith(subscription) {
  const owner = linkTo("subscription", subscription.id);
  if (subscription.shared_with.length === 0) return [owner];
  const others = subscription.shared_with.flatMap((id, index) => [index ? ", " : "", linkTo("contact", id)]);
  return [owner, make("span", { class: "shared" }, "shared with ", ...others)];
}

function workflowShown([name, { status, nodes }]) {
  const ran = Object.entries(nodes);
  return [
    make("span", {}, `${name}: ${status}`),
    ran.length === 0 ? null : make("ul", { class: "nodes" }, ...ran.map(([node, { ran_at, data }]) => make(
      "li", {}, `${node}, `, timeOf(ran_at),
      ...Object.entries(data).map(([field, value]) => make("span", { class: "datum" }, `${field}: ${inWords(value)}`)),
    ))),
  ].filter(Boolean);
}

function propertiesTable(properties) {
  const rows = Object.entries(properties).sort(([one], [other]) => (one < other ? -1 : 1));
  if (rows.length === 0) return make("p", { class: "none" }, "none");
  return make(
    "div", { class: "scroll" },
    make("table", {}, make("tbody", {}, ...rows.map(([name, value]) => make(
      "tr", {}, make("th", { scope: "row" }, name), make("td", {}, inWords(value)),
    )))),
  );
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

/** Ask for two keys of the contact and tell in words what ties them. */
function whyForm(contact) {
  const keys = [
    ...contact.emails.map((value) => ["email", value]),
    ...contact.user_ids.map((value) => ["user_id", value]),
    ...contact.trackers.map((value) => ["tracker_id", value]),
    ...contact.subscriptions.map(({ id }) => ["subscription", id]),
  ];
  if (keys.length < 2) return make("p", { class: "none" }, "It owns a single key; there is nothing to tie.");
  const choice = (name, label, chosen) => make("label", {}, label, make(
    "select", { name },
    ...keys.map(([key, value], index) => make("option", { value: `${key}:${value}`, selected: index === chosen }, `${KEYS[key]} ${value}`)),
  ));
  const told = make("div", { class: "told", "aria-live": "polite" });
  const form = make(
    "form", { class: "fields" },
    choice("from", "This key", 0), choice("to", "and this one", keys.length - 1),
    make("div", { class: "wide actions" }, make("button", { type: "submit" }, "Tell why")),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const ends = new URLSearchParams({ from: form.elements.from.value, to: form.elements.to.value });
      const { path } = await call(pathOf(contact.id, `/graph?${ends}`));
      told.replaceChildren(make("ol", { class: "trace" }, ...path.map((step) => make(
        "li", {}, step.words, step.merge ? unmergeButton(contact, step.merge) : null,
      ))));
    } catch (problem) {
      told.replaceChildren(problemBox(problem));
    }
  });
  return make("div", { class: "told" }, form, told);
}

function historyOf(contact) {
  const list = make("ol", { class: "history" });
  // Newest first: that a union was undone is told before the union itself.
  const undone = new Set();

  function shown(item) {
    if (item.what === "unmerged") undone.add(item.merge);
    const standing = item.what === "folded" && !undone.has(item.merge);
    return make(
      "li", {},
      make("div", {}, timeOf(item.at), " ", make("span", { class: "badge" }, item.what)),
      make("div", {}, item.words),
      standing ? unmergeButton(contact, item.merge) : null,
    );
  }

  const rest = pagedList({ path: pathOf(contact.id, "/history"), size: PAGE, into: list, shown, noun: ["event of its history", "events of its history"] });
  return make(
    "section", { class: "group", "aria-label": "History" },
    make("h3", {}, "What happened to it, newest first"), list, ...rest,
  );
}

function activityRow(item) {
  const trace = item.trace ?? [];
  return make(
    "tr", {},
    make("td", {}, timeOf(item.occurred_at)),
    make("td", {}, make("strong", {}, item.event)),
    make("td", {}, item.tracker_id ? linkTo("tracker_id", item.tracker_id) : ""),
    make("td", {},
      [item.outcome, item.rule ? `rule ${item.rule}` : null, item.limited ? "held back by a limit" : null].filter(Boolean).join(", "),
      trace.length === 0 ? null : make("details", {}, make("summary", {}, "why"), make(
        "ol", { class: "trace" }, ...trace.map((step) => make("li", {}, make("b", {}, step.step), ": ", step.detail)),
      ))),
    make("td", {}, Object.entries(item.event_properties ?? {}).map(([name, value]) => `${name}: ${inWords(value)}`).join("; ")),
  );
}

function activityOf(id) {
  const rows = make("tbody");
  const heads = ["When", "Event", "Tracker", "Resolved as", "Details"];
  const rest = pagedList({ path: pathOf(id, "/activity"), size: PAGE, into: rows, shown: activityRow, noun: ["activity", "activities"] });
  return make(
    "section", { class: "group", "aria-label": "Activity" },
    make("h3", {}, "Activity, newest first"),
    make("div", { class: "scroll" },
      make("table", { class: "activity" },
        make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))), rows)),
    ...rest,
  );
}
