// What looks wrong, ranked, with the reason in words; and the clusters of people that keys hold together.

import { KEYS, agoOf, badgeOf, call, contactLink, emptyBox, hrefTo, inWords, isSubscription, linkTo, loading, make, opening, pagedList, plural, problemBox, say, serverHas, shortId, takes, timeOf, valuesOf, withLinks } from "./dom.js";
import { apartPart } from "./apart.js";
import { drawnView, graphView, wordsOf } from "./graph.js";
import { refoldButton, sleepPart, splitPart, unmergeButton } from "./hands.js";

/** The namespace that a subject's type means; nothing where it is no key. */
const keyOfType = (type) => (type === "tracker" ? "tracker_id" : type in KEYS ? type : undefined);

const spoken = (name) => String(name).replaceAll("_", " ");

/** Give what a finding is about: `{type, value}`; a bare text is a contact's id. */
function subjectOf(subject) {
  return typeof subject === "object" && subject !== null ? subject : { type: "contact", value: String(subject) };
}

function subjectLink(subject) {
  const { type, value } = subjectOf(subject);
  if (type === "contact") return make("a", { href: hrefTo("contact", value), title: value }, "contact ", make("span", { class: "mono" }, shortId(value)));
  const key = keyOfType(type);
  const page = key ?? (type === "cluster" ? "cluster" : null);
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

/** When the findings are of, whether the graph has changed since, and a button that analyses it anew. */
function analysisBar() {
  const state = make("p", { class: "soft" }, " ");
  const place = make("div", { class: "place" });
  const act = make("button", { type: "button", class: "quiet" }, "Analyse now");
  act.addEventListener("click", async () => {
    act.disabled = true;
    place.replaceChildren(make("p", { class: "note", role: "status" }, "Analysing: of a large graph this takes minutes."));
    try {
      await call("/v1/analyses", { method: "POST", body: {} });
      say("Analysed");
      dispatchEvent(new CustomEvent("kinfold:changed"));
    } catch (problem) {
      place.replaceChildren(problemBox(problem));
    }
    act.disabled = false;
  });
  const told = ({ as_of: at, current }) => {
    state.classList.toggle("warn", current === false);
    state.replaceChildren(...(at ? ["As of ", timeOf(at), current === false ? ". The graph has changed since then." : "."] : ["Nothing was analysed yet."]));
  };
  return { told, bar: make("div", { class: "analysis" }, make("div", { class: "bar" }, state, takes("steward", act, "Analysing")), place) };
}

const STATES = {
  open: ["Anomalies"],
  acted: ["Anomalies that were acted on", "Nothing was acted on", "Where something was done about a finding, its page says so with a note."],
  dismissed: ["Dismissed anomalies", "Nothing was dismissed", "What is dismissed stays here, and can be put back."],
};

export async function anomaliesView(kind = "", state = "") {
  if (kind === "all") kind = "";
  const of = STATES[state] ? state : "open";
  const list = make("ul", { class: "cards" });
  const { told, bar } = analysisBar();
  const nothing = emptyBox("Nothing looks wrong", "Findings come from limits that were met and from an analysis of the graph.");
  const tell = (page) => {
    told(page);
    if (page.current === false && page.as_of) nothing.firstElementChild.textContent = "Nothing looked wrong then";
  };
  const [can, known, blocked] = await Promise.all([abilities(), valuesOf("Anomaly", "kind"), blockedValues()]);
  const kinds = new Set(known);
  if (kind) kinds.add(kind);
  const chip = (words, href, chosen) => make("li", {}, make("a", { class: "chip", href, "aria-current": chosen ? "true" : null }, words));
  const at = (one, of) => hrefTo("anomalies", ...(of ? [one || "all", of] : one ? [one] : []));
  return make(
    "div", { class: "view", "data-title": "Anomalies" },
    make("h1", {}, STATES[of][0]),
    make("p", { class: "lead" }, "What looks wrong, with a score from 0 to 1 and the reason. Open the graph of what was found before you act."),
    bar,
    make("ul", { class: "chips", "aria-label": "State" }, Object.keys(STATES).map((one) => chip(one, at(kind, one === "open" ? "" : one), one === of))),
    make("ul", { class: "chips", "aria-label": "Kinds" }, ["", ...kinds].map((one) => chip(one ? spoken(one) : "all", at(one, state), one === kind))),
    list,
    pagedList({
      path: "/v1/anomalies", query: `&state=${of}${kind ? `&kind=${encodeURIComponent(kind)}` : ""}`, size: 25, into: list,
      shown: (item) => anomalyCard(item, { can, blocked }), onPage: (_, page) => tell(page), noun: ["finding"],
      none: of === "open" ? nothing : emptyBox(...STATES[of].slice(1)),
    }),
  );
}

async function abilities() {
  const [dismiss, block] = await Promise.all([
    serverHas("post", "/v1/anomalies/{id}/dismiss"), serverHas("put", "/v1/blocked/{kind}/{value}"),
  ]);
  return { dismiss, block };
}

/** The values that operators blocked one by one: those can be let count again here. */
async function blockedValues() {
  const found = new Set();
  let cursor = null;
  do {
    const page = await call(`/v1/blocked?limit=1000${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    for (const { kind, value, namespace } of page.items ?? []) if (kind === "value" && !namespace) found.add(value);
    cursor = page.next;
  } while (cursor);
  return found;
}

/** What the server draws of a finding, or what is wrong with that; null where a contact's own graph shows it. */
function drawingOf({ id, subject }) {
  if (!keyOfType(subjectOf(subject).type)) return null;
  return call(`/v1/anomalies/${encodeURIComponent(id)}/graph`).catch((problem) => ({ problem }));
}

/** One finding with everybody whom it is about, drawn around its subject. */
export async function findingView(id) {
  const [item, can, blocked] = await Promise.all([call(`/v1/anomalies/${encodeURIComponent(id)}`), abilities(), blockedValues()]);
  const { type } = subjectOf(item.subject);
  const drawing = await drawingOf(item);
  const sleep = drawing && !drawing.problem && isSubscription(keyOfType(type)) ? sleepOf(drawing) : null;
  return make(
    "div", { class: "view", "data-title": spoken(item.kind) },
    make("h1", {}, spoken(item.kind)),
    make("p", { class: "soft" }, item.as_of ? ["As of ", agoOf(item.as_of), ". "] : null, make("a", { href: hrefTo("anomalies") }, "All anomalies")),
    make("ul", { class: "cards" }, anomalyCard(item, { can, blocked, alone: true, sleep })),
    make("h2", {}, "The graph of what was found"),
    await drawnOr(async (again) => findingDrawn(item, again ? await drawingOf(item) : drawing)),
  );
}

/** What lets the owners of the subscription in the middle of a drawing sleep; the drawing shows who does. */
function sleepOf(drawing) {
  const names = new Map(drawing.nodes.map((node) => [node.id, node]));
  const owners = drawing.edges.filter(({ target, type }) => target === drawing.root && type.includes("owns")).map((edge) => ({
    id: edge.source, words: wordsOf(names.get(edge.source)),
    get asleep() { return Boolean(edge.asleep); },
    set asleep(now) { edge.asleep = now; drawing.turned?.(); },
  }));
  const { type, label } = names.get(drawing.root);
  return owners.length ? sleepPart(type, label, owners) : null;
}

async function findingDrawn(item, drawing) {
  const { value } = subjectOf(item.subject);
  if (!drawing) {
    const others = [item.evidence?.contacts].flat().filter((one) => typeof one === "string");
    return graphView(await call(`/v1/contacts/${encodeURIComponent(value)}`), { contacts: others });
  }
  if (drawing.problem) throw drawing.problem;
  return [leftOut(drawing), drawnView(drawing, { acts: apartPart })];
}

/** A drawing, or in its place what is wrong with it: whom it is about may be erased since. */
async function drawnOr(drawn) {
  const place = make("div", { class: "drawn-place" });
  const draw = async (again) => {
    try {
      place.replaceChildren(...[await drawn(again)].flat().filter(Boolean));
    } catch (problem) {
      place.replaceChildren(problemBox(problem, { again: () => { place.replaceChildren(loading()); draw(true); } }));
    }
  };
  await draw(false);
  return place;
}

const leftOut = ({ left_out: left }) => (left ? make("p", { class: "note" }, `${plural(left, "contact")} more ${left === 1 ? "is" : "are"} not drawn.`) : null);

/** What was done about a finding: by whom, when, and what was said. */
function stateLine({ state, note, state_by: by, state_at: at }) {
  if (!state || state === "open") return null;
  return make("p", { class: "note state" }, make("span", { class: "badge" }, state === "acted" ? "acted on" : state), " ",
    by ? ["by ", make("span", { class: "mono" }, by), ", "] : null, at ? agoOf(at) : null, note ? [": ", note] : null);
}

function anomalyCard(item, { can, blocked, alone = false, sleep = null }) {
  const { type, value } = subjectOf(item.subject);
  const place = make("div", { class: "place" });
  const blocking = can.block && keyOfType(type) ? blockPart(keyOfType(type), value, item, blocked) : [];
  const splits = (item.actions ?? []).filter(({ action }) => action === "split").map((action) => splitPart(action));
  const card = make(
    "li", { class: alone ? "card finding" : "card finding slim" },
    make("div", { class: "bar" }, make("h2", {}, spoken(item.kind), " · ", subjectLink(item.subject)), scoreOf(item.score)),
    make("p", { class: "reason", title: alone ? null : item.reason }, withLinks(item.reason)),
    stateLine(item),
    evidenceOf(item.evidence),
    unmergesOf(item.actions, item.subject),
    make("div", { class: "actions" },
      alone || !item.id ? null : make("a", { class: "button", href: hrefTo("finding", item.id) }, "Open the graph"),
      splits.map(([button]) => button), blocking[0]),
    sleep, splits.map(([, preview]) => preview), blocking[1], place,
  );
  if (!can.dismiss || !item.id) return card;
  if (alone) card.append(takes("analyst", statePart(item, { can, blocked, card, sleep }), "Putting a finding aside"));
  else card.querySelector(":scope > .actions").append(takes("analyst", dismissButton(item, { card })) ?? "");
  return card;
}

/** What is said of a finding: a note, and whether it is done about, put aside or open again. */
function statePart(item, { can, blocked, card, sleep }) {
  const place = make("div", { class: "wide" });
  const note = make("input", { name: "note", maxlength: 500, autocomplete: "off", placeholder: "The shop's own tablet: blocked." });
  const turn = (what, words, verb, kind) => make("button", { type: "button", class: kind, onclick: async (event) => {
    const button = event.currentTarget;
    button.disabled = true;
    try {
      const path = `/v1/anomalies/${encodeURIComponent(item.id)}`;
      await call(`${path}/${what}`, { method: "POST", body: note.value.trim() ? { note: note.value.trim() } : {} });
      const fresh = anomalyCard(await call(path), { can, blocked, alone: true, sleep });
      card.replaceWith(fresh);
      fresh.querySelector(".say-of button")?.focus();
      say(words);
    } catch (problem) {
      place.replaceChildren(problemBox(problem));
      button.disabled = false;
    }
  } }, verb);
  const open = !item.state || item.state === "open";
  return make("div", { class: "say-of fields" },
    make("label", {}, "A note for others, without anybody's name", note),
    make("div", { class: "actions" },
      open ? [turn("act", "Acted on", "Mark as done", "quiet"), turn("dismiss", "Dismissed", "Dismiss", "quiet")] : turn("reopen", "Open again", "Open again", "quiet")),
    place);
}

function evidenceOf(evidence) {
  const facts = Object.entries(evidence ?? {}).filter(([, value]) => value !== null && value !== "");
  if (facts.length === 0) return null;
  return make("details", {}, make("summary", {}, "Evidence"), make("dl", { class: "evidence" }, facts.flatMap(([name, value]) => [
    make("dt", {}, spoken(name)), make("dd", {}, evidenceShown(name, value)),
  ])));
}

const NAMED = 20;

function evidenceShown(name, value) {
  const key = keyOfType(name);
  if (key && typeof value === "string") return linkTo(key, value);
  if (Array.isArray(value)) {
    const shown = (item) => (name === "contacts" && typeof item === "string" ? contactLink(item) : withLinks(asText(item)));
    return [...opening(make("ul", {}), value, shown, { first: 10 }),
      value.length === NAMED ? make("p", { class: "soft" }, `The first ${NAMED}; the figures count all.`) : null].filter(Boolean);
  }
  return withLinks(asText(value));
}

const asText = (value) => (typeof value === "object" && value !== null ? Object.entries(value).map(([name, part]) => `${spoken(name)} ${inWords(part)}`).join(", ") : inWords(value));

/** What the server proposes beyond blocking and dismissing, which have buttons of their own: unions to take back. */
function unmergesOf(actions, subject) {
  const merges = (actions ?? []).filter((action) => action?.action === "unmerge" && action.merge);
  if (merges.length === 0) return null;
  const { type, value } = subject ? subjectOf(subject) : {};
  const key = keyOfType(type);
  return make("div", { class: "proposed" }, make("h3", {}, "Unions to take back"),
    ...opening(make("ul", {}), merges, (action) => unionRow(action), { first: 5, entry: { class: "owned-row" } }),
    key ? make("p", {}, make("a", { href: hrefTo("unions", key, value) }, "All unions that went along with it")) : null);
}

/** A union that is proposed to be taken back; once it is, the row says so and the way back is there. */
function unionRow({ merge, done }) {
  const row = make("span", { class: "owned-row" });
  const id = make("a", { class: "mono", href: hrefTo("unions", "id", merge), title: merge }, shortId(merge));
  const open = () => row.replaceChildren(id, unmergeButton(null, merge, { onDone: taken }));
  const taken = () => row.replaceChildren(id, make("span", { class: "done", role: "status" }, "Taken back"), refoldButton(merge, { onDone: (made) => again(made) }));
  const again = (made) => row.replaceChildren(id, make("span", { class: "done", role: "status" }, "Folded again, by hand"), unmergeButton(null, made.id, { onDone: taken }));
  if (done) taken();
  else open();
  return row;
}

function dismissButton(item, { card }) {
  const act = async (button, what, shown) => {
    button.disabled = true;
    try {
      await call(`/v1/anomalies/${encodeURIComponent(item.id)}/${what}`, { method: "POST", body: {} });
      shown();
    } catch (problem) {
      if (problem.status === 404 || problem.status === 405) button.hidden = true;
      button.disabled = false;
      card.lastElementChild.replaceChildren(problemBox(problem));
    }
  };
  const button = (words, what, shown) => make("button", { type: "button", class: "quiet", onclick: (event) => act(event.currentTarget, what, shown) }, words);
  const instead = (words, undo, what) => () => {
    const back = button(undo, what, () => { line.replaceWith(card); card.querySelector("a, button")?.focus(); say("Taken back"); });
    const line = make("li", { class: "card row done-row" }, make("div", {},
      make("p", { role: "status" }, make("strong", {}, words), ": ", spoken(item.kind), " · ", subjectLink(item.subject)),
      back));
    card.replaceWith(line);
    for (const one of card.querySelectorAll("button")) one.disabled = false;
    say(words);
    back.focus();
  };
  return item.dismissed ? button("Put it back", "undismiss", instead("Back on the list", "Dismiss again", "dismiss"))
    : button("Dismiss", "dismiss", instead("Dismissed", "Undo", "undismiss"));
}

/** The button that blocks a value, or says that it is blocked; and the place for its preview. */
function blockPart(key, value, item, blocked) {
  const place = make("div", { class: "place" });
  const button = make("span", { class: "actions" });
  const forms = [value, value.trim().toLowerCase()];
  const path = `/v1/blocked/value/${encodeURIComponent(value)}`;
  const open = () => {
    button.replaceChildren(make("button", { type: "button", class: "quiet", onclick: () => blockOffer(place, key, value, path, done) }, "Block the value …"));
    place.replaceChildren();
  };
  const done = (byRule = true) => {
    button.replaceChildren();
    const back = make("button", { type: "button", class: "quiet small" }, "Let it count again");
    back.addEventListener("click", async () => {
      back.disabled = true;
      try {
        await call(path, { method: "DELETE" });
        say("It counts again");
        open();
        button.firstElementChild.focus();
      } catch (problem) {
        place.append(problemBox(problem));
        back.disabled = false;
      }
    });
    place.replaceChildren(make("div", { class: "note bar" },
      make("p", { role: "status" }, byRule ? "Blocked: from now on it counts as absent." : "Blocked by a pattern, by a setting or from the start: it counts as absent."),
      byRule ? takes("steward", back) : null));
  };
  if (forms.some((form) => blocked.has(form))) done();
  else if ((item.actions ?? []).some((action) => action.action === "block" && action.done)) done(false);
  else open();
  return [button, place];
}

/** Say what blocking means for this value before it is done. */
async function blockOffer(place, key, value, path, done) {
  try {
    const { items, next } = await call(`/v1/merges?${new URLSearchParams({ [key]: value, limit: 100 })}`);
    const tied = items.length
      ? ["It went along with ", make("a", { href: hrefTo("unions", key, value) }, `${plural(items.length, "union")}${next ? " or more" : ""}`), "; these stay until they are taken back."]
      : ["No union went along with it."];
    const act = make("button", { type: "button" }, "Block it");
    act.addEventListener("click", async () => {
      act.disabled = true;
      try {
        await call(path, { method: "PUT", body: {} });
        say("Blocked");
        done();
      } catch (problem) {
        place.replaceChildren(problemBox(problem));
      }
    });
    const preview = make("div", { class: "preview", tabindex: "-1", role: "group", "aria-label": "Preview" },
      make("p", {}, "In events to come the ", KEYS[key], " ", make("span", { class: "mono" }, value), " would count as absent, on every server. ", tied),
      make("div", { class: "actions" }, takes("steward", act, "Blocking a value"), make("button", { type: "button", class: "quiet", onclick: () => place.replaceChildren() }, "Leave it as it is")));
    place.replaceChildren(preview);
    preview.focus();
  } catch (problem) {
    place.replaceChildren(problemBox(problem));
  }
}

export async function clustersView() {
  const list = make("ul", { class: "cards" });
  const { told, bar } = analysisBar();
  const blocked = await blockedValues();
  return make(
    "div", { class: "view", "data-title": "Clusters" },
    make("h1", {}, "Clusters"),
    make("p", { class: "lead" }, "Contacts that are tied to each other by shared subscriptions, unions and conflicts on trackers, and the keys that hold them together."),
    bar, list,
    pagedList({
      path: "/v1/clusters", size: 25, into: list, shown: (item) => clusterCard(item, { blocked }), noun: ["cluster"], onPage: (_, page) => told(page),
      none: emptyBox("No clusters", "Nobody is tied to anybody else, or the graph was not analysed yet."),
    }),
  );
}

/** One cluster, everything that is kept of it, and its drawing. */
export async function clusterView(id) {
  const path = `/v1/clusters/${encodeURIComponent(id)}`;
  const [item, drawing, blocked] = await Promise.all([call(path), call(`${path}/graph`), blockedValues()]);
  return make(
    "div", { class: "view", "data-title": "A cluster" },
    make("h1", {}, "A cluster of ", plural(item.contacts, "contact")),
    make("p", { class: "soft" }, "As of ", agoOf(item.as_of), ". ", make("a", { href: hrefTo("clusters") }, "All clusters")),
    make("ul", { class: "cards" }, clusterCard(item, { alone: true, blocked })),
    make("h2", {}, "What ties it together"),
    drawing.left_out ? make("p", { class: "note" }, `${plural(drawing.nodes.length, "node")} nearest to what holds it together are drawn; ${drawing.left_out.toLocaleString()} are not. Open a contact to see what is around it.`) : null,
    drawnView(drawing, { acts: apartPart }),
  );
}

const nodeLink = (node) => {
  if (node?.type === "redirect") return make("span", {}, "folded ", contactLink(node.value));
  return node?.type === "contact" || keyOfType(node?.type) ? subjectLink(node) : asText(node);
};

/** Chips of which the first are shown; says of how many that are kept nowhere. */
function chipsOf(items, shown, { total = items.length, first = 10, whole = null } = {}) {
  const left = total - items.length;
  return [
    ...opening(make("ul", { class: "chips" }), items, shown, { first, entry: { class: "chip" } }),
    left > 0 ? make("p", { class: "soft" }, `and ${left.toLocaleString()} more`, whole ? [": ", make("a", { href: whole }, "open the cluster")] : ", which the analysis does not keep by name") : null,
  ].filter(Boolean);
}

function clusterCard(item, { alone = false, blocked = new Set() } = {}) {
  const { id, score, verdict, reason, members = [], articulation_points: points = [], bridges = [], communities, communities_sizes: sizes, cut, trend } = item;
  const whole = alone ? null : hrefTo("cluster", id);
  const contacts = item.contacts ?? members.length;
  const facts = [
    ["contacts", plural(contacts, "contact") + (item.known === undefined ? "" : `, ${item.known} known, ${item.folded} folded in`)],
    ["density", item.density === undefined ? null : `${Number(item.density).toFixed(2)}, over ${plural(item.keys, "key")}`],
    ["members", members.length ? chipsOf(members, (member) => contactLink(member), { total: contacts, whole }) : null],
    ["held together by", points.length ? chipsOf(points, nodeLink, { total: item.articulation_points_total, whole }) : null],
    ["bridges", bridges.length ? chipsOf(bridges, ([one, other]) => [nodeLink(one), " – ", nodeLink(other)], { total: item.bridges_total, first: 5, whole }) : null],
    ["communities", communities?.length ? opening(make("ol", { class: "communities" }), communities.map((part, place) => [part, sizes?.[place]]), ([part, size]) => chipsOf(part, (member) => contactLink(member), { total: size, first: 8, whole }), { first: 5, step: 20 }) : null],
    ["a cut that parts it", cut ? make("span", {}, cut.key && cut.value ? subjectLink({ type: cut.key, value: cut.value }) : null, ` into ${plural(cut.pieces, "piece")}`) : null],
    ["growth", trend ? `${plural(trend.ties, "tie")}, ${trend.recent} recent${trend.fast ? ": it grew fast" : ""}` : null],
  ].filter(([, shown]) => shown !== null);
  const told = [
    make("dl", { class: "evidence" }, facts.flatMap(([name, shown]) => [make("dt", {}, name), make("dd", {}, shown)])),
    unmergesOf(item.actions, cut ? { type: cut.key, value: cut.value } : null),
  ];
  const blocks = cut && (item.actions ?? []).some(({ action }) => action === "block");
  const blocking = blocks ? blockPart(cut.key, cut.value, item, blocked) : [];
  return make(
    "li", { class: alone ? "card finding" : "card finding slim" },
    make("div", { class: "bar" },
      make("h2", {}, plural(contacts, "contact"), " ", verdict ? badgeOf(verdict) : null),
      typeof score === "number" ? scoreOf(score) : null),
    reason ? make("p", { class: "reason", title: alone ? null : reason }, withLinks(reason)) : null,
    alone ? told : make("details", {}, make("summary", {}, "Evidence"), told),
    alone && !blocks ? null : make("div", { class: "actions" },
      alone ? null : make("a", { class: "button", href: hrefTo("cluster", id) }, "Open the graph"), blocking[0]),
    blocking[1],
  );
}
