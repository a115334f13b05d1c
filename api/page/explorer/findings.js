// What looks wrong, ranked, with the reason in words; and the clusters of people that keys hold together.

import { KEYS, badgeOf, call, contactLink, emptyBox, hrefTo, inWords, linkTo, make, pagedList, plural, problemBox, say, serverHas, shortId, withLinks } from "./dom.js";
import { unmergeButton } from "./hands.js";

const KEY_OF_TYPE = { tracker: "tracker_id", tracker_id: "tracker_id", email: "email", subscription: "subscription", user_id: "user_id" };

const spoken = (name) => String(name).replaceAll("_", " ");

/** Give what a finding is about: `{type, value}`; a bare text is a contact's id. */
function subjectOf(subject) {
  return typeof subject === "object" && subject !== null ? subject : { type: "contact", value: String(subject) };
}

function subjectLink(subject) {
  const { type, value } = subjectOf(subject);
  if (type === "contact") return make("a", { href: hrefTo("contact", value), title: value }, "contact ", make("span", { class: "mono" }, shortId(value)));
  const key = KEY_OF_TYPE[type];
  const page = key ?? (type === "cluster" ? "clusters" : null);
  const words = [`${key ? KEYS[key] : spoken(type)} `, make("span", { class: "mono", title: value }, shortId(String(value)))];
  return page ? make("a", { href: hrefTo(page, value) }, words) : make("span", {}, words);
}

function scoreOf(score) {
  return make("span", { class: "score" },
    make("meter", { min: 0, max: 1, low: 0.4, high: 0.7, optimum: 0, value: score, "aria-label": "Score from 0 to 1" }, String(score)),
    make("b", {}, score.toFixed(2)));
}

export function anomalyLine(item) {
  return make("li", {}, make("span", {}, make("strong", {}, spoken(item.kind)), ": ", subjectLink(item.subject)), scoreOf(item.score));
}

export async function anomaliesView(kind = "") {
  const list = make("ul", { class: "cards" });
  const [dismiss, block] = await Promise.all([
    serverHas("post", "/v1/anomalies/{id}/dismiss"), serverHas("put", "/v1/blocked/{kind}/{value}"),
  ]);
  const kinds = new Set(kind ? [kind] : []);
  const choices = make("ul", { class: "chips", "aria-label": "Kinds" });
  const onPage = (items) => {
    for (const item of items) kinds.add(item.kind);
    if (kinds.size < 2 && !kind) return;
    choices.replaceChildren(...["", ...kinds].map((one) => make("li", {}, make("a", {
      class: "chip", href: hrefTo("anomalies", ...(one ? [one] : [])), "aria-current": one === kind ? "true" : null,
    }, one ? spoken(one) : "all"))));
  };
  return make(
    "div", { class: "view", "data-title": "Anomalies" },
    make("h1", {}, "Anomalies"),
    make("p", { class: "lead" }, "What looks wrong, with a score from 0 to 1 and the reason. Open the graph at its subject before you act."),
    choices, list,
    pagedList({
      path: "/v1/anomalies", query: kind ? `&kind=${encodeURIComponent(kind)}` : "", size: 25, into: list,
      shown: (item) => anomalyCard(item, { dismiss, block }), onPage, noun: ["finding"],
      none: emptyBox("Nothing looks wrong", "Findings come from limits that were met and from `kinfold analyse`."),
    }),
  );
}

function anomalyCard(item, can) {
  const { type, value } = subjectOf(item.subject);
  const place = make("div", { class: "place" });
  const blockable = can.block && KEY_OF_TYPE[type];
  const card = make(
    "li", { class: "card finding" },
    make("div", { class: "bar" }, make("h2", {}, spoken(item.kind), " · ", subjectLink(item.subject)), scoreOf(item.score)),
    make("p", {}, withLinks(item.reason)),
    evidenceOf(item.evidence),
    unmergesOf(item.actions, type === "contact" ? value : null),
    make("div", { class: "actions" },
      openLink(type, value),
      blockable ? make("button", { type: "button", class: "quiet", onclick: () => blockOffer(place, KEY_OF_TYPE[type], value) }, "Block the value …") : null,
      can.dismiss && item.id ? make("button", { type: "button", class: "quiet", onclick: (event) => dismissed(event.currentTarget, card, place, item.id) }, "Dismiss") : null),
    place,
  );
  return card;
}

function openLink(type, value) {
  const page = type === "contact" ? "contact" : (KEY_OF_TYPE[type] ?? (type === "cluster" ? "clusters" : null));
  return page ? make("a", { class: "button", href: hrefTo(page, value) }, type === "cluster" ? "Open the cluster" : "Open the graph") : null;
}

function evidenceOf(evidence) {
  const facts = Object.entries(evidence ?? {}).filter(([, value]) => value !== null && value !== "");
  if (facts.length === 0) return null;
  return make("details", {}, make("summary", {}, "Evidence"), make("dl", { class: "evidence" }, facts.flatMap(([name, value]) => [
    make("dt", {}, spoken(name)), make("dd", {}, evidenceShown(name, value)),
  ])));
}

function evidenceShown(name, value) {
  const key = KEY_OF_TYPE[name];
  if (key && typeof value === "string") return linkTo(key, value);
  if (Array.isArray(value)) return make("ul", {}, value.slice(0, 50).map((item) => make("li", {}, withLinks(asText(item)))), value.length > 50 ? make("li", {}, `and ${value.length - 50} more`) : null);
  return withLinks(asText(value));
}

const asText = (value) => (typeof value === "object" && value !== null ? Object.entries(value).map(([name, part]) => `${spoken(name)} ${inWords(part)}`).join(", ") : inWords(value));

/** What the server proposes beyond blocking and dismissing, which have buttons of their own: unions to take back. */
function unmergesOf(actions, contact) {
  const merges = (actions ?? []).filter((action) => action?.action === "unmerge" && action.merge);
  if (merges.length === 0) return null;
  return make("div", { class: "proposed" }, make("h3", {}, "Unions to take back"), make("ul", {}, merges.map(({ merge }) => make(
    "li", { class: "owned-row" }, make("span", { class: "mono", title: merge }, shortId(merge)), unmergeButton(contact, merge),
  ))));
}

async function dismissed(button, card, place, id) {
  button.disabled = true;
  try {
    await call(`/v1/anomalies/${encodeURIComponent(id)}/dismiss`, { method: "POST", body: {} });
    say("Dismissed");
    const next = card.nextElementSibling ?? card.previousElementSibling;
    card.remove();
    (next?.querySelector("a, button") ?? document.getElementById("main")).focus();
  } catch (problem) {
    if (problem.status === 404 || problem.status === 405) button.hidden = true;
    button.disabled = false;
    place.replaceChildren(problemBox(problem));
  }
}

/** Say what blocking means for this value before it is done. */
async function blockOffer(place, key, value) {
  try {
    const { items, next } = await call(`/v1/merges?${new URLSearchParams({ [key]: value, limit: 100 })}`);
    const tied = items.length ? `It went along with ${plural(items.length, "union")}${next ? " or more" : ""}; these stay until they are taken back.` : "No union went along with it.";
    const act = make("button", { type: "button" }, "Block it");
    act.addEventListener("click", async () => {
      act.disabled = true;
      try {
        await call(`/v1/blocked/value/${encodeURIComponent(value)}`, { method: "PUT", body: {} });
        place.replaceChildren(make("p", { class: "note", role: "status" }, "Blocked: from now on it counts as absent."));
      } catch (problem) {
        place.replaceChildren(problemBox(problem));
      }
    });
    const preview = make("div", { class: "preview", tabindex: "-1", role: "group", "aria-label": "Preview" },
      make("p", {}, "In events to come the ", KEYS[key], " ", make("span", { class: "mono" }, value), " would count as absent, on every server. ", tied),
      make("div", { class: "actions" }, act, make("button", { type: "button", class: "quiet", onclick: () => place.replaceChildren() }, "Leave it as it is")));
    place.replaceChildren(preview);
    preview.focus();
  } catch (problem) {
    place.replaceChildren(problemBox(problem));
  }
}

export async function clustersView(id = "") {
  if (!(await serverHas("get", "/v1/clusters"))) {
    return make("div", { class: "view" }, make("h1", {}, "Clusters"), emptyBox("No clusters here", "This server does not list clusters."));
  }
  const list = make("ul", { class: "cards" });
  return make(
    "div", { class: "view", "data-title": "Clusters" },
    make("h1", {}, "Clusters"),
    make("p", { class: "lead" }, "People tied by shared subscriptions, unions and conflicts on trackers, and the keys that hold them together."),
    list,
    pagedList({
      path: "/v1/clusters", size: 25, into: list, shown: (item) => clusterCard(item, id), noun: ["cluster"],
      none: emptyBox("No clusters", "Nobody is tied to anybody else, or `kinfold analyse` has not run yet."),
    }),
  );
}

const nodeLink = (node) => (node?.type === "contact" || node?.type in KEY_OF_TYPE ? subjectLink(node) : asText(node));

function chipsOf(items, shown) {
  return make("ul", { class: "chips" }, items.map((item) => make("li", { class: "chip" }, shown(item))));
}

function clusterCard(item, chosen) {
  const { id, score, verdict, reason, members = [], articulation_points: points = [], bridges = [], communities, cut, trend } = item;
  const facts = [
    ["contacts", plural(item.contacts ?? members.length, "contact") + (item.known === undefined ? "" : `, ${item.known} known, ${item.folded} folded in`)],
    ["density", item.density === undefined ? null : `${Number(item.density).toFixed(2)}, over ${plural(item.keys, "key")}`],
    ["members", members.length ? chipsOf(members, (member) => contactLink(member)) : null],
    ["held together by", points.length ? chipsOf(points, nodeLink) : null],
    ["bridges", bridges.length ? make("ul", {}, bridges.map(([one, other]) => make("li", {}, nodeLink(one), " – ", nodeLink(other)))) : null],
    ["communities", communities?.length ? make("ol", {}, communities.map((part) => make("li", {}, chipsOf(part, (member) => contactLink(member))))) : null],
    ["a cut that parts it", cut ? [cut.key && cut.value ? subjectLink({ type: cut.key, value: cut.value }) : null, ` into ${plural(cut.pieces, "piece")}`] : null],
    ["growth", trend ? `${plural(trend.ties, "tie")}, ${trend.recent} recent${trend.fast ? ": it grew fast" : ""}` : null],
  ].filter(([, shown]) => shown !== null);
  return make(
    "li", { class: `card finding${id === chosen ? " chosen" : ""}` },
    make("div", { class: "bar" },
      make("h2", {}, plural(item.contacts ?? members.length, "contact"), " ", verdict ? badgeOf(verdict) : null),
      typeof score === "number" ? scoreOf(score) : null),
    reason ? make("p", {}, withLinks(reason)) : null,
    make("dl", { class: "evidence" }, facts.flatMap(([name, shown]) => [make("dt", {}, name), make("dd", {}, shown)])),
    unmergesOf(item.actions, null),
    members.length ? make("div", { class: "actions" }, make("a", { class: "button", href: hrefTo("contact", members[0]) }, "Open the graph")) : null,
  );
}
