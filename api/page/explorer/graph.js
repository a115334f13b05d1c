// The graph around a contact: what there is, read group by group; a drawing; and the same as a list.

import { KEYS, badgeOf, call, contactLink, hrefTo, iconOf, isSubscription, linkTo, make, makeSvg, moreWords, pathOf, plural, problemBox, say, shortId, whenOf } from "./dom.js";
import { Drawing } from "./drawing.js";
import { graphmlOf, kindsPart, saveAs, spanPart, timePart } from "./graph_tools.js";
import { takeKeyButton, unmergeButton } from "./hands.js";

const FIRST = { wide: 10, narrow: 5 };
const FEW = { wide: 4, narrow: 3 };
const MORE = 25;
const PEOPLE = 12;
const GROUPS = {
  email: ["Email", "Emails"], user_id: ["User id", "User ids"], tracker_id: ["Tracker", "Trackers"],
  subscription: ["Push subscription", "Push subscriptions"], folded: ["Folded contact", "Folded contacts"],
};
const groupWords = (name) => GROUPS[name] ?? [KEYS[name] ?? name, `Keys: ${KEYS[name] ?? name}`];
const NARROW = matchMedia("(max-width: 46rem)");

/** What was read of the graph so far; grows when a contact is expanded or more of a group is asked for. */
class Around {
  constructor(contact, ends, root = contact.id, at = null) {
    this.contact = contact;
    // A time of arrival as of which it is read; null is now.
    this.at = at;
    this.ends = ends;
    this.root = root;
    this.closed = false;
    this.nodes = new Map();
    this.edges = new Map();
    this.groups = new Map(); // contact → group → {group, total, shown, next}
    this.indexed = null;
  }

  /** Nodes by type, edges by both ends; worked out once for all that is there, for there may be a thousand people. */
  get index() {
    if (this.indexed) return this.indexed;
    const [ofType, from, to] = [new Map(), new Map(), new Map()];
    const put = (map, name, one) => { if (!map.get(name)?.push(one)) map.set(name, [one]); };
    const places = new Map();
    for (const node of this.nodes.values()) {
      places.set(node.id, places.size);
      put(ofType, node.type, node);
    }
    for (const edge of this.edges.values()) {
      put(from, edge.source, edge);
      put(to, edge.target, edge);
    }
    return (this.indexed = { ofType, from, to, places });
  }

  async expand(id) {
    const answer = await this.read(id, FIRST);
    // An id that was folded since leads to its survivor.
    this.add(answer.contact, answer);
  }

  read(id, first) {
    const limit = this.ends ? 1 : first[NARROW.matches ? "narrow" : "wide"];
    const query = new URLSearchParams({ limit, ...(this.ends && id === this.contact.id ? this.ends : {}), ...this.then() });
    return call(pathOf(id, `/graph?${query}`));
  }

  then() {
    return this.at ? { at: this.at } : {};
  }

  /** Ids of the nodes that nothing ties within a time: `within` says of an edge's time whether it is. */
  outside(within) {
    const tied = new Set();
    const away = new Set();
    for (const edge of this.edges.values()) {
      const at = edge.occurred_at ?? edge.at ?? edge.since;
      const set = !at || within(at) ? tied : away;
      for (const end of [edge.source, edge.target]) set.add(end);
    }
    return new Set([...away].filter((id) => !tied.has(id)));
  }

  /** The same without what is hidden: kinds, nodes one by one, and what came at another time. */
  without(kinds, hidden, within = null) {
    if (!kinds.size && !hidden.size && !within) return this;
    const ids = within ? new Set([...hidden, ...this.outside(within)]) : hidden;
    const seen = Object.create(this);
    const shows = (node) => node.id === this.root || !(kinds.has(node.type) || ids.has(node.id));
    seen.nodes = new Map([...this.nodes].filter(([, node]) => shows(node)));
    seen.edges = new Map([...this.edges].filter(([, { source, target }]) => seen.nodes.has(source) && seen.nodes.has(target)));
    seen.indexed = null;
    seen.groups = new Map([...this.groups].filter(([id]) => seen.nodes.has(id)).map(([id, groups]) => [id, new Map([...groups].filter(([name]) => !kinds.has(name)))]));
    seen.left = (id, name) => (kinds.has(name) ? 0 : this.left(id, name));
    seen.waitingAt = (key) => (kinds.has("contact") ? 0 : this.waitingAt(key));
    return seen;
  }

  /** Read the next page of a group; gives the ids that are new. */
  async more(id, name) {
    const group = this.groups.get(id).get(name);
    const query = new URLSearchParams({ group: name, limit: MORE, cursor: group.next, ...this.then() });
    const before = new Set(this.nodes.keys());
    this.add(id, await call(pathOf(id, `/graph?${query}`)));
    return [...this.nodes.keys()].filter((node) => !before.has(node));
  }

  add(id, { nodes, edges, groups }) {
    for (const node of nodes) {
      const known = this.nodes.get(node.id);
      const current = node.id === this.contact.id;
      this.nodes.set(node.id, { ...known, ...node, current, shared: node.shared || known?.shared });
    }
    for (const edge of edges) this.edges.set(edge.id, Object.assign(this.edges.get(edge.id) ?? {}, edge));
    this.indexed = null;
    const own = this.groups.get(id) ?? new Map();
    for (const group of groups) own.set(group.group, { ...group, shown: group.shown + (own.get(group.group)?.shown ?? 0) });
    this.groups.set(id, own);
  }

  expanded(id) {
    return this.groups.has(id);
  }

  /** The groups around a contact; a simulation may have namespaces of its own. */
  names() {
    const kinds = [...this.index.ofType.keys()].filter((type) => type !== "contact" && type !== "folded");
    return [...new Set([...Object.keys(KEYS), ...kinds]), "folded"];
  }

  /** Whether all that is around a contact was read. */
  isRead(id) {
    return this.groups.has(id);
  }

  /** How many people of a key wait to be drawn. */
  waitingAt() {
    return 0;
  }

  /** The nodes of a group of a contact, in the order in which they came. */
  members(id, name) {
    const { ofType, from, places } = this.index;
    if (name === "folded") {
      const below = new Set([id]);
      return (ofType.get("folded") ?? []).filter((node) => below.has(this.into(node.id)?.target) && below.add(node.id));
    }
    const ids = (from.get(id) ?? []).map(({ target }) => target).filter((key) => this.nodes.get(key)?.type === name && this.edges.has(`${id}>${key}`));
    return [...new Set(ids)].sort((one, other) => places.get(one) - places.get(other)).map((key) => this.nodes.get(key));
  }

  /** Of which contact this group is the page's own, and how many of it are not here yet. */
  left(id, name) {
    const group = this.groups.get(id)?.get(name);
    return group?.next ? Math.max(0, group.total - this.members(id, name).length) : 0;
  }

  into(ghost) {
    return this.index.from.get(ghost)?.find((edge) => edge.type === "folded_into");
  }

  owners(key) {
    return (this.index.to.get(key) ?? []).filter((edge) => edge.type.includes("owns")).map((edge) => edge.source);
  }

  /** Who owns a key, and who was seen with it. */
  touching(key) {
    return (this.index.to.get(key) ?? []).filter((edge) => edge.type !== "folded_into").map((edge) => edge.source);
  }

  /** What is shown although no way of the tree may lead there. */
  loose() {
    return this.closed ? [...this.nodes.values()] : [...this.groups.keys()].map((id) => this.nodes.get(id)).filter(Boolean);
  }
}

const TOGETHER = { wide: 12, narrow: 6 };

/** A drawing that the server made whole: what a key ties together, of whose people the first are shown. */
class Drawn extends Around {
  constructor({ root, nodes, edges }) {
    super({ id: root }, null, root);
    this.closed = true;
    this.whole = new Map(nodes.map((node) => [node.id, node]));
    this.room = new Map();
    this.waiting = new Map();
    this.reads = new Set();
    this.ties = new Map(nodes.map((node) => [node.id, []]));
    for (const edge of edges) {
      this.ties.get(edge.source)?.push([edge.target, edge]);
      this.ties.get(edge.target)?.push([edge.source, edge]);
    }
    this.reveal();
  }

  /** Show what is around the root, and of the people of each key as many as there is room for. */
  reveal() {
    const first = TOGETHER[NARROW.matches ? "narrow" : "wide"];
    const shown = new Set([this.root]);
    const isPerson = (id) => this.whole.get(id).type === "contact";
    const walk = (from) => {
      for (const id of from) {
        const next = this.ties.get(id).map(([other]) => other).filter((other) => !shown.has(other));
        const people = isPerson(id) || this.whole.get(id).type === "folded" ? [] : next.filter(isPerson);
        const room = this.room.get(id) ?? first;
        const most = people.length - room <= 1 ? people.length : room;
        this.waiting.set(id, people.slice(most));
        const out = new Set(people.slice(most));
        for (const other of next) if (!out.has(other)) { shown.add(other); from.add(other); }
      }
    };
    walk(new Set([this.root]));
    // What hangs on nothing that is drawn is drawn too; who waits at one key may have come by another.
    const waits = new Set([...this.waiting.values()].flat());
    for (const id of this.whole.keys()) if (!shown.has(id) && !waits.size) { shown.add(id); walk(new Set([id])); }
    for (const [key, people] of this.waiting) this.waiting.set(key, people.filter((id) => !shown.has(id)));
    for (const id of shown) if (!this.nodes.has(id)) this.nodes.set(id, this.whole.get(id));
    for (const id of shown) for (const [other, edge] of this.ties.get(id)) if (shown.has(other)) this.edges.set(edge.id, this.edges.get(edge.id) ?? edge);
    this.indexed = null;
    for (const id of shown) {
      if (!isPerson(id) || this.groups.has(id)) continue;
      const groups = this.names().map((group) => ({ group, total: this.members(id, group).length, next: null }));
      this.groups.set(id, new Map(groups.map((group) => [group.group, group])));
    }
  }

  waitingAt(key) {
    return this.waiting.get(key)?.length ?? 0;
  }

  get onlyPerson() {
    const people = [...this.whole.values()].filter((node) => node.type === "contact");
    return people.length === 1 ? people[0].id : null;
  }

  /** How much somebody is tied to in the drawing. */
  touched(id) {
    return this.ties.get(id)?.length ?? 0;
  }

  /** The people of a key who are drawn, owners first. */
  peopleAt(key) {
    return [...new Set(this.touching(key))].filter((id) => this.nodes.get(id)?.type === "contact");
  }

  isRead(id) {
    return this.reads.has(id);
  }

  async expand(id) {
    await super.expand(id);
    this.reads.add(id);
  }

  async more(id, name, { all = false } = {}) {
    if (name !== "people") return super.more(id, name);
    const before = new Set(this.nodes.keys());
    this.room.set(id, all ? Infinity : (this.room.get(id) ?? TOGETHER[NARROW.matches ? "narrow" : "wide"]) + MORE);
    this.reveal();
    return [...this.nodes.keys()].filter((node) => !before.has(node));
  }
}

export const wordsOf = (node) => {
  if (node.type === "contact") return node.title ?? (node.kind === "known" ? "Known, without a name" : "Anonymous visitor");
  return shortId(node.label);
};

/** Show a cluster, a finding or a key as the server drew it; `acts` makes what can be done about a contact in it. */
export function drawnView(drawing, { acts = null, simulated = false, named = "" } = {}) {
  const around = new Drawn(drawing);
  // Of a simulation nothing is there to open, to expand or to take away.
  around.simulated = simulated;
  // What is done about it beside the drawing shows in the drawing.
  drawing.turned = () => around.turned?.(true);
  return view(around, { select: drawing.root, met: drawing.nodes.find(({ id }) => id === drawing.root)?.type ?? true, acts, named });
}

/**
 * Show the graph around a contact.
 *
 * `select` is the node to begin with; `ends` are two keys whose way from one to the other is marked; `contacts` are
 * others to show beside it.
 */
export function graphView(contact, { select = null, ends = null, contacts = [] } = {}) {
  return view(new Around(contact, ends), { select, ends, contacts: contacts.filter((id) => id !== contact.id) });
}

function view(first, { select = null, ends = null, met = false, contacts = [], acts = null, named: called = "" }) {
  let around = first;
  const { contact } = around;
  let hiddenKinds = new Set();
  const hidden = new Set();
  const waiting = [...contacts];
  const others = make("button", { type: "button", class: "quiet small", hidden: true, onclick: () => readOthers(true) });
  const details = make("section", { class: "details", "aria-label": called ? `Details: ${called}` : "Details" });
  const list = make("div", { class: "around" });
  const canvas = make("div", { class: "canvas", role: "img", "aria-label": "The graph, as a drawing" });
  const left = make("p", { class: "soft left-out", hidden: true });
  const state = make("p", { class: "loading drawing-state" }, "Reading the graph …");
  const tool = (words, title, act) => make("button", { type: "button", class: "quiet", title, onclick: act }, make("span", { "aria-hidden": "true" }, words), make("span", { class: "unseen" }, title));
  const drawing = new Drawing(canvas, { onSelect: (id) => choose(id), onMore: (id, name) => more(id, name), onExpand: (id) => expand(id), narrow: NARROW });
  const layout = tool("Rings", "Draw in rings", () => {
    drawing.lay(drawing.rings ? "columns" : "rings");
    named();
    say(drawing.rings ? "Drawn in rings" : "Drawn in columns");
  });
  const named = () => {
    layout.title = drawing.rings ? "Draw in columns" : "Draw in rings";
    layout.firstElementChild.textContent = drawing.rings ? "Columns" : "Rings";
    layout.lastElementChild.textContent = layout.title;
  };
  const whole = tool("", "Full screen", async () => {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await element.requestFullscreen();
  });
  whole.firstElementChild.append(makeSvg("svg", { viewBox: "0 0 16 16", width: 14, height: 14, class: "corners" },
    makeSvg("path", { d: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4" })));
  whole.hidden = !document.fullscreenEnabled;
  const tools = make("div", { class: "tools", role: "group", "aria-label": called ? `The drawing: ${called}` : "The drawing" },
    tool("+", "Larger", () => drawing.zoom(1.3)), tool("−", "Smaller", () => drawing.zoom(1 / 1.3)), tool("Fit", "Fit into view", () => drawing.fit()), layout, whole);
  const kinds = kindsPart([], (wanted) => { hiddenKinds = wanted; draw(); });
  let within = null;
  const span = spanPart((wanted) => { within = wanted; draw(); say(wanted ? "Drawn within that time" : "Drawn of every time"); });
  const back = make("button", { type: "button", class: "quiet small", hidden: true, onclick: () => { hidden.clear(); draw(); say("Everything is shown again"); } });
  const free = make("button", { type: "button", class: "quiet small", hidden: true, onclick: () => { drawing.unpin(); draw(); } }, "Unpin all");
  const time = make("div", { class: "time-place" });
  const save = (words, act) => make("button", { type: "button", class: "quiet small", onclick: act }, words);
  const name = `graph-${(contact.id ?? "").replace(/[^\w-]+/g, "-").slice(0, 60)}`;
  const controls = make("details", { class: "controls" }, make("summary", {}, "Filter and save"),
    kinds.part, span, make("div", { class: "actions" }, back, free),
    make("div", { class: "actions", role: "group", "aria-label": "Save the drawing" },
      save("PNG", async () => saveAs(`${name}.png`, await drawing.png())),
      save("SVG", async () => saveAs(`${name}.svg`, await drawing.svg(), "image/svg+xml")),
      save("GraphML", () => saveAs(`${name}.graphml`, graphmlOf(shown()), "application/graphml+xml"))));
  const key = legend(met);
  const element = make(
    "div", { class: `graph${ends ? " of-path" : ""}` },
    make("div", { class: "drawing" }, tools, canvas, state, left, time, key, controls, others),
    make("div", { class: "side" }, details, list),
  );
  element.addEventListener("fullscreenchange", () => {
    const is = document.fullscreenElement === element;
    whole.title = is ? "Leave full screen" : "Full screen";
    whole.lastElementChild.textContent = whole.title;
    // The size is known once the page was laid out anew.
    requestAnimationFrame(() => { drawing.resized(); say(is ? "Full screen" : "No longer full screen"); });
  });
  let chosen = null;
  around.turned = (anew) => {
    draw();
    if (anew && chosen) choose(chosen);
  };

  const shown = () => around.without(hiddenKinds, hidden, within);

  function draw(focus) {
    const seen = shown();
    drawing.show(seen, focus);
    named();
    const count = seen.nodes.size;
    left.hidden = !drawing.left;
    left.textContent = drawing.left ? `${plural(drawing.left, "more node")} of this drawing ${drawing.left === 1 ? "stands" : "stand"} only in the list after it.` : "";
    canvas.setAttribute("aria-label", `Drawing of ${plural(count, "node")} around ${wordsOf(around.nodes.get(around.root))}; the list after it says the same.`);
    list.replaceChildren(...listOf(seen, { choose, more, expand, chosen }));
    for (const { type } of around.nodes.values()) kinds.add(type, type === "contact" ? "people" : type === "folded" ? "folded contacts" : KEYS[type] ?? type);
    const drawnKinds = new Set([...seen.nodes.values()].flatMap((one) => [one.type === "contact" && !one.current ? "other" : one.type, one.shared ? "shared" : one.type]));
    for (const entry of key.querySelectorAll("[data-kind]")) entry.hidden = !drawnKinds.has(entry.dataset.kind);
    back.hidden = hidden.size === 0;
    back.textContent = `Show ${plural(hidden.size, "hidden node")} again`;
    free.hidden = drawing.pinned.size === 0;
  }

  /** What can be done about how a node is drawn. */
  function placing(node) {
    if (node.id === around.root) return null;
    const act = (words, work) => make("button", { type: "button", class: "quiet small", onclick: work }, words);
    const pin = act(drawing.pinned.has(node.id) ? "Unpin" : "Pin", () => {
      if (drawing.pinned.has(node.id)) drawing.unpin(node.id);
      else drawing.pin(node.id);
      draw();
      choose(node.id);
    });
    return make("div", { class: "actions placing" },
      act("Hide", () => { hidden.add(node.id); draw(); choose(around.root); say("Hidden"); }),
      NARROW.matches ? null : pin);
  }

  /** Read and draw the same contact as it was. */
  async function turnTo(at) {
    const then = new Around(contact, null, contact.id, at);
    try {
      await then.expand(contact.id);
      // Somebody else was asked for since.
      if (wanted !== at) return;
      then.root = then.nodes.has(contact.id) ? contact.id : [...then.groups.keys()][0];
      around = then;
      draw();
      choose(around.root);
      say(at ? "Drawn as it was" : "Drawn as it is now");
    } catch (problem) {
      details.replaceChildren(problemBox(problem));
    }
  }

  let wanted = null;
  async function offerTime() {
    if (around.closed || ends || !contact.created_at) return;
    // When its keys came stands on their edges; what else happened, in its history.
    const moments = [...around.edges.values()].flatMap(({ since, at }) => [since, at]).filter(Boolean);
    try {
      moments.push(...(await call(pathOf(contact.id, "/history?limit=200"))).items.map(({ at }) => at).filter(Boolean));
    } catch {
      // The slider does without steps.
    }
    time.replaceChildren(timePart(contact.created_at, moments, (at) => { wanted = at; turnTo(at); }));
  }

  function choose(id, { scroll = false } = {}) {
    const node = around.nodes.get(id);
    if (!node) return;
    chosen = id;
    drawing.select(id);
    details.replaceChildren(...detailsOf(around, node, { expand, acts }), ...[placing(node)].filter(Boolean));
    for (const button of list.querySelectorAll("button[data-node]")) {
      if (button.dataset.node === id) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
    if (scroll && NARROW.matches) details.scrollIntoView({ block: "nearest" });
    say(`${node.type === "contact" ? "Contact" : groupWords(node.type)[0]} ${wordsOf(node)}`);
  }

  async function more(id, name, how) {
    try {
      const fresh = await around.more(id, name, how);
      draw(fresh);
      say(`${plural(fresh.length, "more node")} shown`);
      list.querySelector(`button[data-node="${CSS.escape(fresh[0] ?? "")}"]`)?.focus();
    } catch (problem) {
      details.replaceChildren(problemBox(problem));
    }
  }

  async function expand(id) {
    if (around.isRead(id)) return;
    try {
      const before = new Set(around.nodes.keys());
      await around.expand(id);
      draw([...around.nodes.keys()].filter((node) => !before.has(node)));
      choose(id);
      say(`Expanded ${wordsOf(around.nodes.get(id))}`);
    } catch (problem) {
      details.replaceChildren(problemBox(problem));
    }
  }

  /** Read some of those who are to be shown beside the first. */
  async function readOthers(again) {
    const before = new Set(around.nodes.keys());
    // Read at once, added one after the other: the drawing's order is not that of the answers.
    const read = await Promise.allSettled(waiting.splice(0, PEOPLE).map((id) => around.read(id, FEW)));
    for (const { value, reason } of read) {
      if (value) around.add(value.contact, value);
      // Erased since it was found: the others are shown.
      else if (![404, 410].includes(reason.status)) throw reason;
    }
    others.hidden = waiting.length === 0;
    others.textContent = `Draw ${plural(Math.min(PEOPLE, waiting.length), "more contact")} of ${waiting.length.toLocaleString()}`;
    if (again) draw([...around.nodes.keys()].filter((node) => !before.has(node)));
  }

  async function begin() {
    try {
      if (!around.closed) await around.expand(contact.id);
      // A key that ties what one contact has is understood by what it has.
      else if (acts && around.onlyPerson) await around.expand(around.onlyPerson);
      await readOthers(false);
      // What was looked for may be far down its group; then its page is not the first.
      if (select && !around.nodes.has(select)) select = null;
      await drawing.begin();
      state.remove();
    } catch (problem) {
      const box = problemBox(problem, { again: () => { box.replaceWith(state); begin(); } });
      state.replaceWith(box);
      if (!around.nodes.size) return;
    }
    draw();
    if (!ends) choose(select ?? around.root);
    offerTime();
  }

  begin();
  return element;
}

function legend(met) {
  const entry = (icon, words, kind) => make("li", { class: kind, "data-kind": icon ?? "shared" }, icon ? iconOf(icon) : make("span", { class: "swatch" }), words);
  return make(
    "ul", { class: "legend soft", "aria-label": "Legend" },
    Object.entries(KEYS).map(([key, words]) => entry(key, words)), entry("other", "another contact"),
    entry("folded", "folded in"), entry(null, "shared", "shared-key"),
    met ? [["solid", "owns it"], ...(isSubscription(met) ? [["asleep", "owns it, asleep"]] : []), ["dotted", "seen there, not its owner"], ["dashed", "folded into"]].map(([line, words]) => make("li", {}, make("span", { class: `line ${line}` }), words)) : null,
  );
}

/** Everything of the drawing as lists: for the keyboard, for screen readers, and to read. */
function listOf(around, act) {
  const drawn = around.closed ? keysOfDrawing(around) : [];
  const said = (id) => around.isRead(id) || around.touched(id) > 1;
  const contacts = [...around.groups.keys()].filter((id) => !around.closed || said(id) || drawn.length === 0).map((id) => around.nodes.get(id));
  return [...drawn.map((node) => peopleOf(around, node, act)), ...contacts.flatMap((node) => [
    contacts.length + drawn.length > 1 ? make("h3", { class: "whose" }, wordsOf(node)) : null,
    ...around.names().map((name) => groupOf(around, node.id, name, act, contacts.length + drawn.length > 1 ? "h4" : "h3")),
  ])].filter(Boolean);
}

/** The keys of a drawing that tie people, the middle first. */
function keysOfDrawing(around) {
  const keys = [...around.nodes.values()].filter((node) => !["contact", "folded"].includes(node.type));
  return keys.filter((node) => node.id === around.root || around.peopleAt(node.id).length > 1);
}

function peopleOf(around, key, act) {
  const people = around.peopleAt(key.id);
  const left = around.waitingAt(key.id);
  const owners = new Set(around.owners(key.id));
  return make(
    "section", { class: "people" },
    make("h3", {}, iconOf(key.type), groupWords(key.type)[0], " ", make("span", { class: "count" }, plural(people.length + left, "person", "people"))),
    make("ul", {}, make("li", {}, nodeButton(key, act))),
    make("ul", { class: "owners" }, people.map((id) => make("li", {}, nodeButton(around.nodes.get(id), act), owners.has(id) ? asleepAt(around, id, key.id) : make("span", { class: "seen" }, "seen there")))),
    left ? make("div", { class: "actions" },
      make("button", { type: "button", class: "quiet small", onclick: () => act.more(key.id, "people") }, moreWords(MORE, left)),
      left > MORE ? make("button", { type: "button", class: "quiet small", onclick: () => act.more(key.id, "people", { all: true }) }, "Show all") : null) : null,
  );
}

function asleepAt(around, owner, key) {
  return around.edges.get(`${owner}>${key}`)?.asleep ? make("span", { class: "seen" }, "asleep") : null;
}

function groupOf(around, id, name, act, heading) {
  const group = around.groups.get(id).get(name);
  const members = around.members(id, name);
  if (!group?.total || (around.ends && members.length === 0)) return null;
  const left = around.left(id, name);
  return make(
    "section", {},
    make(heading, {}, iconOf(name), groupWords(name)[1], " ", make("span", { class: "count" }, group.total.toLocaleString())),
    make("ul", {}, members.map((node) => make(
      "li", {}, nodeButton(node, act),
      node.shared ? make("ul", { class: "owners" }, around.owners(node.id).filter((owner) => owner !== id && around.nodes.has(owner)).map((owner) => make(
        "li", {}, "shared with ", nodeButton(around.nodes.get(owner), act), asleepAt(around, owner, node.id),
      ))) : null,
    ))),
    left ? make("button", { type: "button", class: "quiet small", onclick: () => act.more(id, name) }, moreWords(MORE, left)) : null,
  );
}

function nodeButton(node, act) {
  return make("button", {
    type: "button", class: `node ${node.type}${node.shared ? " shared-key" : ""}${node.on_path ? " on-path" : ""}`, "data-node": node.id, title: node.label,
    "aria-current": node.id === act.chosen ? "true" : null, onclick: () => act.choose(node.id, { scroll: true }),
  }, wordsOf(node));
}

function detailsOf(around, node, act) {
  const whole = make("p", { class: "mono whole" }, node.label);
  if (around.simulated && node.type !== "contact") return simulatedDetails(around, node);
  const heading = (words, icon, ...more) => make("h2", {}, iconOf(icon), words, " ", ...more);
  if (node.type === "folded") return [heading("Folded contact", "folded", node.kind ? badgeOf(node.kind) : null), whole, ...ghostFacts(around, node)];
  if (node.type === "contact") {
    return [
      heading(wordsOf(node), "other", badgeOf(node.kind)), whole,
      node.new ? make("p", { class: "soft" }, "It would be made by these events.") : null,
      node.new || around.simulated ? (node.new ? null : make("div", { class: "actions" }, make("a", { class: "button quiet", href: hrefTo("contact", node.id) }, "Open"))) : node.current
        ? make("p", { class: "soft" }, "The contact that this page is about. Choose a node to see how it came.")
        : make("div", { class: "actions" },
          around.isRead(node.id) ? null : make("button", { type: "button", class: "quiet", onclick: () => act.expand(node.id) }, "Expand here"),
          make("a", { class: "button quiet", href: hrefTo("contact", node.id) }, "Open")),
      around.closed ? tieWords(around, node) : null,
      act.acts?.(node, around),
    ].filter(Boolean);
  }
  return [heading(groupWords(node.type)[0], node.type, node.shared ? make("span", { class: "badge warn" }, "shared") : null), whole, ...keyFacts(around, node)];
}

/** A key or a folded contact of a simulation: whose it would be. */
function simulatedDetails(around, node) {
  const whole = make("p", { class: "mono whole" }, node.label);
  const words = (id) => { const owner = around.nodes.get(id); return owner.new ? wordsOf(owner) : contactLink(id, wordsOf(owner)); };
  if (node.type === "folded") return [make("h2", {}, iconOf("folded"), "Folded contact"), whole, make("p", {}, "It would be folded into ", words(around.into(node.id).target), ".")];
  const owners = around.owners(node.id);
  return [
    make("h2", {}, iconOf(node.type), groupWords(node.type)[0], node.shared ? make("span", { class: "badge warn" }, "shared") : null), whole,
    make("p", {}, owners.length > 1 ? "It would be shared by " : "It would be owned by ", owners.flatMap((owner, index) => [index ? ", " : "", words(owner)]), "."),
  ];
}

/** How somebody is tied to what the drawing is about. */
function tieWords(around, node) {
  const edge = around.ties.get(node.id)?.find(([other]) => other === around.root)?.[1];
  if (!edge || around.whole.get(around.root).type === "contact") return null;
  return make("p", { class: "soft" }, edge.type.includes("owns") ? "Owns what stands in the middle." : "Was seen with it, and does not own it.");
}

function keyFacts(around, node) {
  const { contact } = around;
  const owners = around.owners(node.id);
  const edge = around.edges.get(`${contact.id}>${node.id}`) ?? around.edges.get(`${owners[0]}>${node.id}`);
  const how = edge?.merge ? "through a union" : (edge?.message_id ? ["with event ", make("span", { class: "mono" }, edge.message_id)] : "by hand");
  const mine = around.edges.has(`${contact.id}>${node.id}`);
  const seen = around.touching(node.id).filter((id) => !owners.includes(id));
  return [
    edge?.since && !around.closed ? make("p", {}, "Came ", whenOf(edge.occurred_at, edge.since), ", ", how, ".") : null,
    owners.length === 0 ? make("p", {}, "Nobody shown here owns it.") : make("p", {}, owners.length > 1 ? "Owned by " : "Owner: ", owners.flatMap((owner, index) => [index ? ", " : "", contactLink(owner, wordsOf(around.nodes.get(owner)))]), "."),
    seen.length ? make("p", {}, "Seen there too: ", seen.flatMap((one, index) => [index ? ", " : "", contactLink(one, wordsOf(around.nodes.get(one)))]), ".") : null,
    make("div", { class: "actions" },
      mine ? make("a", { class: "button quiet", href: hrefTo("contact", contact.id, "why", node.id) }, "Why one person?") : null,
      mine && node.type === "tracker_id" ? make("a", { class: "button quiet", href: hrefTo("contact", contact.id, "activity", node.label) }, "Its activity") : null,
      owners.length > 1 || !mine ? linkTo(node.type, node.label, owners.length > 1 ? "All owners" : "Look it up") : null),
    mine && !around.at ? takeKeyButton(contact, node.type, node.label) : null,
  ].filter(Boolean);
}

function ghostFacts(around, node) {
  const edge = around.into(node.id);
  if (edge?.split) return [make("p", {}, "It was split from ", edge.target === around.contact.id ? "this contact" : contactLink(edge.target), "; the split was undone ", whenOf(edge.occurred_at, edge.at), ".")];
  if (!edge?.merge) return [make("p", {}, "Folded into ", edge ? contactLink(edge.target) : "a contact of this cluster", "."), make("div", { class: "actions" }, make("a", { class: "button quiet", href: hrefTo("contact", node.id) }, "Open"))];
  const why = edge.rule ? [`by rule ${edge.rule}, event `, make("span", { class: "mono" }, edge.message_id)] : "by hand";
  return [
    make("p", {}, "Folded ", whenOf(edge.occurred_at, edge.at), " into ", edge.target === around.contact.id ? "this contact" : contactLink(edge.target), " ", why, "."),
    node.brought?.length ? make("div", {}, make("p", {}, `It brought ${plural(node.brought_total ?? node.brought.length, "key")}:`),
      make("ul", {}, node.brought.map((key) => {
        const [, kind, value] = /^(\w+):(.*)$/s.exec(key);
        return make("li", {}, linkTo(kind, value));
      })),
      node.brought_total > node.brought.length ? make("a", { href: hrefTo("contact", around.contact.id, "history") }, `All ${node.brought_total.toLocaleString()}, in the history`) : null) : make("p", {}, "It brought no key."),
    around.at ? null : unmergeButton(around.contact.id, edge.merge),
  ].filter(Boolean);
}
