// The drawing of a graph: where every node stands, and Cytoscape.js, which puts it on the screen.

import { iconPath, shortId } from "./dom.js";
import { svgOf } from "./graph_tools.js";

const FONT = '13px system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif';
const HEIGHT = 30;
const ROW = 38;
const LETTERS = { wide: 30, narrow: 24, rings: 16 };
const RING = 105;
const BESIDE = 96;
const DOT = 26;
/** From so many nodes on rings are drawn, unless columns are asked for. */
const MANY = 60;
/** More lines than these are painted at once, beneath the nodes: one by one, and dotted, a thousand take a second. */
const LINES = 150;
/** Rows of a narrow drawing: browsers show no canvas that is much higher. */
const ROWS = 100;

let library;
let pen;

/** Load the library once, from this server. */
function cytoscape() {
  library ??= import("./vendor/cytoscape/cytoscape.esm.min.mjs").then((loaded) => loaded.default);
  return library;
}

function widthOf(text) {
  pen ??= document.createElement("canvas").getContext("2d");
  pen.font = FONT;
  return Math.ceil(pen.measureText(text).width);
}

function cut(text, letters) {
  const characters = [...text];
  return characters.length <= letters ? text : `${characters.slice(0, letters - 8).join("")}…${characters.slice(-7).join("")}`;
}

/** Lay what was read out as a tree, from the contact outwards; edges that close a ring are the tree's extra ones. */
function treeOf(around, letters) {
  const seen = new Set();
  const box = (id, type, words, more = {}) => {
    const label = cut(words, letters);
    return { id, type, label, width: widthOf(label) + 50, children: [], ...more };
  };
  const labelOf = (node) => (node.type === "contact" ? (node.title ?? (node.kind === "known" ? "Known, no name" : "Anonymous visitor")) : shortId(node.label));
  const boxOf = (node, type = node.type) => box(node.id, type, labelOf(node), { shared: node.shared, onPath: node.on_path, known: node.kind === "known" });

  function contact(node, type) {
    seen.add(node.id);
    const made = boxOf(node, type);
    if (!around.expanded(node.id)) return { made, ghosts: [] };
    const keys = [];
    let ghosts = [];
    for (const name of around.names()) {
      const members = around.members(node.id, name).filter((member) => !seen.has(member.id));
      const left = around.left(node.id, name);
      const rest = left && !around.ends ? [box(`more ${node.id} ${name}`, "group", `${left.toLocaleString()} more`, { more: [node.id, name] })] : [];
      if (name === "folded") ghosts = [...foldedInto(node.id, members), ...rest];
      else keys.push(...members.map(key), ...rest);
    }
    made.children = keys;
    return { made, ghosts };
  }

  function key(node) {
    seen.add(node.id);
    const made = boxOf(node);
    for (const owner of around.touching(node.id)) {
      if (seen.has(owner) || !around.nodes.has(owner)) continue;
      const { made: other, ghosts } = contact(around.nodes.get(owner), "other");
      other.children.push(...ghosts);
      made.children.push(other);
    }
    const left = around.waitingAt(node.id);
    if (left) made.children.push(box(`more ${node.id} people`, "group", `${left.toLocaleString()} more`, { more: [node.id, "people"] }));
    return made;
  }

  function foldedInto(target, members) {
    return members.filter((ghost) => around.into(ghost.id)?.target === target && !seen.has(ghost.id)).map((ghost) => {
      seen.add(ghost.id);
      return { ...boxOf(ghost), children: foldedInto(ghost.id, members) };
    });
  }

  const middle = around.nodes.get(around.root);
  const { made: root, ghosts } = middle.type === "contact" ? contact(middle, "contact")
    : middle.type === "folded" ? { made: boxOf(middle), ghosts: foldedInto(middle.id, [...around.nodes.values()].filter((node) => node.type === "folded")) }
      : { made: key(middle), ghosts: [] };
  seen.add(middle.id);
  const isKey = !["contact", "folded"].includes(middle.type);
  root.width += 14;
  // Who is tied only by what is not drawn as a tree still has its place.
  for (const node of around.loose()) {
    if (seen.has(node.id)) continue;
    if (node.type !== "contact") { root.children.push(node.type === "folded" ? boxOf(node) : key(node)); seen.add(node.id); continue; }
    const { made: other, ghosts: folded } = contact(node, "other");
    other.children.push(...folded);
    root.children.push(other);
  }
  return isKey ? halves(root, around) : { root, ghosts };
}

/** Put what a key ties on both sides of it: who was seen there to the left of its owners, or half of them. */
function halves(root, around) {
  if (root.children.length <= 3) return { root, ghosts: [] };
  const owners = new Set(around.owners(root.id));
  const owned = root.children.filter((box) => owners.has(box.id));
  const even = owned.length === 0 || owned.length > root.children.length / 2;
  const right = even ? root.children.slice(0, Math.ceil(root.children.length / 2)) : owned;
  const ghosts = root.children.filter((box) => !right.includes(box));
  if (!even && ghosts.length > 2 * right.length + 2) right.push(...ghosts.splice(0, Math.floor((ghosts.length - right.length) / 2)));
  root.children = right;
  return { root, ghosts };
}

/** Place a wide drawing: the contact in the middle, its keys and who else owns them to the right, ghosts to the left. */
function placeWide({ root, ghosts }) {
  const placed = new Map();
  const side = (children, sign) => {
    const columns = [];
    const measure = (list, depth) => {
      for (const box of list) {
        columns[depth] = Math.max(columns[depth] ?? 0, box.width);
        measure(box.children, depth + 1);
      }
    };
    measure(children, 0);
    let row = 0;
    const place = (box, depth, start) => {
      const top = row;
      for (const child of box.children) place(child, depth + 1, start + columns[depth] + 64);
      const y = box.children.length ? (placed.get(box.children[0].id).y + placed.get(box.children.at(-1).id).y) / 2 : row++ * ROW;
      if (box.children.length && row === top) row++;
      placed.set(box.id, { x: sign * (start + box.width / 2), y, box });
    };
    let type = children[0]?.type;
    for (const child of children) {
      if (child.type !== type && child.type !== "group") { row += 0.3; type = child.type; }
      place(child, 0, root.width / 2 + 84);
    }
    return (row - 1) / 2;
  };
  const middle = side(root.children, 1) * ROW;
  const right = new Set(placed.keys());
  const left = side(ghosts, -1) * ROW;
  for (const [id, spot] of placed) spot.y -= right.has(id) ? middle : left;
  placed.set(root.id, { x: 0, y: 0, box: root });
  return placed;
}

/** Place a narrow drawing: an outline, one node a line, indented by its distance. */
function placeNarrow({ root, ghosts }) {
  const placed = new Map();
  let row = 0;
  const place = (box, depth) => {
    if (placed.size >= ROWS) return;
    placed.set(box.id, { x: depth * 26 + box.width / 2, y: row++ * ROW + (depth ? 6 : 0), box });
    for (const child of box.children) place(child, depth + 1);
  };
  place({ ...root, children: [...root.children, ...ghosts] }, 0);
  return placed;
}

/** Place everything around the middle, one ring outside the other, the nearest first. */
function placeRings({ root, ghosts }) {
  const placed = new Map([[root.id, { x: 0, y: 0, box: root }]]);
  let boxes = [...root.children, ...ghosts];
  let radius = RING;
  while (boxes.length) {
    let begin = 0;
    while (begin < boxes.length) {
      const room = Math.max(6, Math.floor((2 * Math.PI * radius) / BESIDE));
      // The last ring is no fuller than it has to be, and none holds a single one.
      const left = boxes.length - begin;
      const count = left <= room ? left : Math.min(room, left - 1);
      const turn = placed.size % 2 ? Math.PI / count : 0;
      for (let place = 0; place < count; place++) {
        const angle = (2 * Math.PI * place) / count - Math.PI / 2 + turn;
        const box = boxes[begin + place];
        placed.set(box.id, { x: Math.cos(angle) * radius, y: Math.sin(angle) * radius, box });
      }
      begin += count;
      radius += RING * 0.72;
    }
    boxes = boxes.flatMap((box) => box.children);
    radius += RING * 0.2;
  }
  return placed;
}

/** Say in Cytoscape's terms where an edge from one place to another bends. */
function bending(from, to, points) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy) || 1;
  const weights = points.map(({ x, y }) => ((x - from.x) * dx + (y - from.y) * dy) / length ** 2);
  const distances = points.map(({ x, y }) => ((x - from.x) * -dy + (y - from.y) * dx) / length);
  return { weights, distances };
}

/** One drawing on one element of the page. */
export class Drawing {
  constructor(element, { onSelect, onMore, onExpand, narrow }) {
    this.element = element;
    // For whoever looks at it from outside, such as a benchmark.
    element.drawing = this;
    this.act = { onSelect, onMore, onExpand };
    this.narrow = narrow;
    this.around = null;
    this.chosen = null;
    // Where nodes stand that were moved by hand, or are to stay.
    this.pinned = new Map();
    // Lines that are painted at once, as Cytoscape would be told of them.
    this.bulk = [];
    this.under = document.createElement("canvas");
    this.under.className = "under";
    // Columns or rings; null leaves it to how much there is.
    this.layout = null;
    // Who wants a picture before there is one waits for it.
    this.drawn = new Promise((drawn) => { this.isDrawn = drawn; });
  }

  async begin() {
    const make = await cytoscape();
    // A page whose drawing needs no further call is not in the document yet.
    for (let turn = 0; turn < 100 && !this.element.isConnected; turn++) await new Promise((go) => setTimeout(go, 20));
    // Who asked has gone on to another page: nothing is left to draw on.
    if (!this.element.isConnected) return;
    this.cy = make({
      container: this.element, elements: [], layout: { name: "preset" }, minZoom: 0.08, maxZoom: 2.5,
      userZoomingEnabled: false, boxSelectionEnabled: false, selectionType: "single",
    });
    this.element.prepend(this.under);
    this.paint();
    this.cy.on("render", () => this.paintLines());
    this.cy.on("tap", "node", ({ target }) => {
      const more = target.data("more");
      if (more) this.act.onMore(...more);
      else this.act.onSelect(target.id());
    });
    this.cy.on("dbltap", "node.other", ({ target }) => this.act.onExpand(target.id()));
    this.cy.on("dragfree", "node", ({ target }) => {
      this.pinned.set(target.id(), { ...target.position() });
      target.addClass("pinned");
    });
    this.cy.on("mouseover", "node", () => this.element.classList.add("pointing"));
    this.cy.on("mouseout", "node", () => this.element.classList.remove("pointing"));
    // What stands above may have grown or shrunk since the pointer was here last, which moves the drawing unasked.
    for (const comes of ["pointerenter", "pointerdown"]) this.element.addEventListener(comes, () => this.alive() && this.cy.resize(), { capture: true });
    this.element.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15, { x: event.offsetX, y: event.offsetY });
    }, { passive: false });
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const repaint = () => this.alive() && this.paint();
    const again = () => this.alive() && this.show(this.around);
    dark.addEventListener("change", repaint);
    this.narrow.addEventListener("change", again);
    const gone = new MutationObserver(() => {
      if (this.element.isConnected) { this.shown = true; return; }
      if (!this.shown) return;
      dark.removeEventListener("change", repaint);
      this.narrow.removeEventListener("change", again);
      gone.disconnect();
      this.cy.destroy();
    });
    gone.observe(document.getElementById("main"), { childList: true, subtree: true });
    this.shown = this.element.isConnected;
  }

  alive() {
    return this.cy && !this.cy.destroyed();
  }

  /** Draw what is there now; `fresh` are the nodes that have just come, which are brought into view. */
  show(around, fresh = []) {
    this.around = around;
    if (!this.alive()) return;
    const narrow = this.narrow.matches;
    this.rings = !narrow && (this.layout ? this.layout === "rings" : around.nodes.size > MANY);
    const placed = narrow ? placeNarrow(treeOf(around, LETTERS.narrow))
      : this.rings ? placeRings(treeOf(around, LETTERS.rings)) : placeWide(treeOf(around, LETTERS.wide));
    // Of what is there, how much has no room: the list has it.
    this.left = narrow ? Math.max(0, around.nodes.size - placed.size) : 0;
    if (!narrow) for (const [id, spot] of this.pinned) if (placed.has(id)) Object.assign(placed.get(id), spot);
    const parents = new Map();
    for (const { box } of placed.values()) for (const child of box.children) parents.set(child.id, box.id);
    if (!narrow) for (const id of placed.keys()) if (!parents.has(id) && id !== around.root) parents.set(id, around.root);
    const nodes = [...placed.values()].map(({ x, y, box }) => ({
      group: "nodes", position: { x, y },
      data: { id: box.id, label: box.label, width: box.width, more: box.more ?? null, icon: `url(${iconPath(box.type)})` },
      classes: [box.type, box.shared && "shared", this.rings && box.id !== around.root && "dot", box.onPath && "path", around.ends && !box.onPath && "off", this.pinned.has(box.id) && !narrow && "pinned"].filter(Boolean).join(" "),
    }));
    const edges = [...around.edges.values()].filter(({ source, target }) => placed.has(source) && placed.has(target));
    const drawn = [
      ...edges.map((edge) => this.edge(edge, placed, parents, narrow)),
      ...[...placed.values()].filter(({ box }) => box.more && placed.has(box.more[0])).map(({ box }) => this.edge(
        { id: `to ${box.id}`, source: box.more[0], target: box.id, type: "rest" }, placed, parents, narrow,
      )),
    ];
    const first = this.cy.elements().empty();
    this.bulk = !narrow && drawn.length > LINES ? drawn : [];
    const lines = new Map();
    for (const id of this.bulk.flatMap(({ data }) => [data.source, data.target])) lines.set(id, (lines.get(id) ?? 0) + 1);
    // Of both ends the one that fewer lines lead to: a person, not the key that ties a thousand.
    for (const line of this.bulk) line.outer = [line.data.source, line.data.target].sort((one, other) => lines.get(one) - lines.get(other))[0];
    this.cy.batch(() => {
      this.cy.elements().remove();
      this.cy.add(this.bulk.length ? nodes : [...nodes, ...drawn]);
    });
    // As high as its list; a wide one fills the window, which the style sheet says.
    this.element.style.height = narrow ? `${placed.size * ROW + 30}px` : "";
    this.cy.resize();
    this.cy.userPanningEnabled(!narrow);
    this.cy.autoungrabify(narrow);
    if (narrow) for (const part of this.element.querySelectorAll("*")) part.style.touchAction = "auto";
    if (first || narrow) this.fit();
    else if (fresh.length) this.cy.animate({ fit: { eles: this.cy.nodes(), padding: 24 }, duration: 0 });
    if (this.chosen) this.select(this.chosen);
    this.isDrawn();
  }

  edge(edge, placed, parents, narrow) {
    const [a, b] = [placed.get(edge.source), placed.get(edge.target)];
    const inTree = parents.get(edge.target) === edge.source || parents.get(edge.source) === edge.target;
    // Tree edges run from the inner node to the outer one.
    const [from, to] = parents.get(edge.target) === edge.source ? [a, b] : [b, a];
    const data = { id: edge.id, source: edge.source, target: edge.target };
    const classes = [edge.type.includes("owns") ? "owns" : edge.type, edge.asleep && "asleep", edge.on_path && "path", this.around.ends && !edge.on_path && "off"].filter(Boolean);
    const moved = !narrow && [edge.source, edge.target].some((id) => this.pinned.has(id));
    if (this.rings) return { group: "edges", data, classes: [...classes, "straight"].join(" ") };
    if (!inTree || moved) return { group: "edges", data, classes: [...classes, "extra"].join(" ") };
    const sign = to.x < from.x ? -1 : 1;
    const start = narrow ? { x: from.x - from.box.width / 2 + 14, y: from.y + HEIGHT / 2 } : { x: from.x + (sign * from.box.width) / 2, y: from.y };
    const end = narrow ? { x: to.x - to.box.width / 2, y: to.y } : { x: to.x - (sign * to.box.width) / 2, y: to.y };
    const swapped = from !== a;
    const [s, t] = swapped ? [end, start] : [start, end];
    const middle = (start.x + end.x) / 2;
    const points = narrow ? [{ x: start.x, y: end.y }] : [{ x: middle, y: s.y }, { x: middle, y: t.y }];
    const { weights, distances } = bending(s, t, points);
    const at = (spot, node) => `${spot.x - node.x}px ${spot.y - node.y}px`;
    return {
      group: "edges",
      data: { ...data, weights: weights.join(" "), distances: distances.join(" "), from: at(s, a), to: at(t, b) },
      classes: [...classes, narrow ? "outline" : "curve"].join(" "),
    };
  }

  /** Draw in columns or in rings from now on. */
  lay(out) {
    this.layout = out;
    this.pinned.clear();
    this.show(this.around);
    this.fit();
  }

  /** Keep a node where it stands, whatever else is drawn. */
  pin(id) {
    if (this.alive()) this.pinned.set(id, { ...this.cy.getElementById(id).position() });
  }

  unpin(id = null) {
    if (id === null) this.pinned.clear();
    else this.pinned.delete(id);
  }

  /** Paint the lines of a large drawing where its nodes stand now, those that look alike in one go. */
  paintLines() {
    const { under, cy } = this;
    if (under.hidden && !this.bulk.length) return;
    under.hidden = !this.bulk.length;
    const ratio = devicePixelRatio;
    const [width, height] = [Math.round(cy.width() * ratio), Math.round(cy.height() * ratio)];
    if (under.width !== width || under.height !== height) Object.assign(under, { width, height });
    const pen = under.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, width, height);
    const [zoom, pan] = [cy.zoom() * ratio, cy.pan()];
    pen.setTransform(zoom, 0, 0, zoom, pan.x * ratio, pan.y * ratio);
    const { x1, y1, w, h } = cy.extent();
    // Where a line leads to is within a screen of what is seen, or a hundred of them make one thick one.
    const near = ({ x, y }) => x > x1 - w && x < x1 + 2 * w && y > y1 - h && y < y1 + 2 * h;
    const looks = new Map();
    for (const { data, classes, outer } of this.bulk) {
      if (!near(cy.getElementById(outer).position())) continue;
      if (!looks.has(classes)) looks.set(classes, []);
      looks.get(classes).push([cy.getElementById(data.source), cy.getElementById(data.target)]);
    }
    for (const [classes, lines] of looks) {
      const names = classes.split(" ");
      const curved = names.includes("curve");
      Object.assign(pen, this.looksOf(names));
      pen.beginPath();
      for (const [source, target] of lines) {
        const [from, to] = [source.position(), target.position()];
        if (!curved) {
          pen.moveTo(from.x, from.y);
          pen.lineTo(to.x, to.y);
          continue;
        }
        const sign = to.x < from.x ? -1 : 1;
        const [begin, end] = [from.x + (sign * source.data("width")) / 2, to.x - (sign * target.data("width")) / 2];
        const middle = (begin + end) / 2;
        pen.moveTo(begin, from.y);
        pen.bezierCurveTo(middle, from.y, middle, to.y, end, to.y);
      }
      pen.stroke();
    }
  }

  /** How a line of these classes is painted among many. */
  looksOf(names) {
    const is = (...some) => some.some((name) => names.includes(name));
    const [colour, lineWidth] = is("path") ? ["accent", 3] : is("met", "split") ? ["warn", 1.4] : is("asleep") ? ["soft", 1.4] : ["line-strong", 1.4];
    return { strokeStyle: this.colours[colour], lineWidth, globalAlpha: is("off") ? 0.4 : 1 };
  }

  /** Work on the drawing as Cytoscape has it, all lines with it. */
  whole(work) {
    const lines = this.cy.add(this.bulk);
    try {
      return work();
    } finally {
      lines.remove();
    }
  }

  async png() {
    await this.drawn;
    return this.whole(() => this.cy.png({ output: "blob-promise", full: true, scale: 2, maxWidth: 8000, maxHeight: 8000, bg: this.colour("card") }));
  }

  async svg() {
    await this.drawn;
    return this.whole(() => this.svgOfWhole());
  }

  svgOfWhole() {
    const boxes = this.cy.nodes().map((node) => {
      const { x, y } = node.position();
      const [w, h] = [node.width(), node.height()];
      return {
        x: x - w / 2, y: y - h / 2, w, h, words: node.data("label"), fill: node.style("background-color"), edge: node.style("border-color"),
        below: node.hasClass("dot"), ink: node.style("color"), round: node.hasClass("contact") || node.hasClass("other") || node.hasClass("folded") ? 15 : 7, dashed: node.hasClass("folded") || node.hasClass("group"),
      };
    });
    const lines = this.cy.edges().map((edge) => {
      const [from, to] = [edge.sourceEndpoint(), edge.targetEndpoint()];
      const middle = (from.x + to.x) / 2;
      const points = edge.hasClass("curve") ? [from, { x: middle, y: from.y }, { x: middle, y: to.y }, to] : edge.hasClass("outline") ? [from, ...edge.segmentPoints(), to] : [from, to];
      const style = edge.style("line-style");
      return { points, colour: edge.style("line-color"), thick: parseFloat(edge.style("width")), dash: style === "dotted" ? "2 3" : style === "dashed" ? "6 4" : "" };
    });
    return svgOf({ box: this.cy.elements().boundingBox(), boxes, lines, colours: { card: this.colour("card") } });
  }

  colour(name) {
    return getComputedStyle(this.element).getPropertyValue(`--${name}`).trim();
  }

  select(id) {
    this.chosen = id;
    if (!this.alive()) return;
    this.cy.nodes(".chosen").removeClass("chosen");
    const node = this.cy.getElementById(id);
    node.addClass("chosen");
    if (node.empty() || this.narrow.matches) return;
    const { x1, x2, y1, y2 } = node.renderedBoundingBox();
    if (x1 < 0 || y1 < 0 || x2 > this.cy.width() || y2 > this.cy.height()) this.cy.center(node);
  }

  fit() {
    if (!this.alive() || this.cy.nodes().empty()) return;
    if (this.narrow.matches) {
      const box = this.cy.elements().boundingBox();
      const scale = Math.min(1, (this.cy.width() - 8) / box.w);
      this.cy.viewport({ zoom: scale, pan: { x: 4 - box.x1 * scale, y: 12 - box.y1 * scale } });
      return;
    }
    this.cy.fit(undefined, 24);
    if (this.rings) {
      if (this.cy.zoom() > 1.1) { this.cy.zoom(1.1); this.cy.center(); }
      return;
    }
    const most = 1.1;
    if (this.cy.zoom() > most) { this.cy.zoom(most); this.cy.center(); }
    const least = 0.62;
    if (this.cy.zoom() < least) {
      // Too much for one view: legible rather than whole, with the contact in the middle of the height.
      this.cy.zoom(least);
      const box = this.cy.elements().boundingBox();
      const contact = this.cy.getElementById(this.around.root);
      const x = box.w * least > this.cy.width() - 48 ? 24 - box.x1 * least : (this.cy.width() - (box.x1 + box.x2) * least) / 2;
      this.cy.pan({ x, y: this.cy.height() / 2 - contact.position("y") * least });
    }
  }

  /** Take the room that there is now. */
  resized() {
    if (!this.alive()) return;
    this.cy.resize();
    this.fit();
  }

  zoom(by, at = null) {
    if (!this.alive()) return;
    this.cy.zoom({ level: this.cy.zoom() * by, renderedPosition: at ?? { x: this.cy.width() / 2, y: this.cy.height() / 2 } });
  }

  /** Take the colours from the page's own, which are those of day or night. */
  paint() {
    const of = getComputedStyle(this.element);
    const colour = (name) => of.getPropertyValue(`--${name}`).trim();
    const font = of.fontFamily;
    this.colours = Object.fromEntries(["accent", "warn", "soft", "line-strong"].map((name) => [name, colour(name)]));
    this.cy.style([
      { selector: "node", style: {
        shape: "round-rectangle", "corner-radius": 7, width: "data(width)", height: HEIGHT,
        "background-color": colour("card"), "border-color": colour("line-strong"), "border-width": 1,
        "background-image": "data(icon)", "background-width": 16, "background-height": 16, "background-position-x": 11,
        "background-position-y": "50%", "background-clip": "none", label: "data(label)", "font-family": font, "font-size": 13, color: colour("ink"),
        "text-valign": "center", "text-halign": "center", "text-margin-x": 9, "overlay-opacity": 0,
      } },
      { selector: "node.contact", style: {
        "background-color": colour("accent-deep"), "border-width": 0, color: "#ffffff", height: 40, "corner-radius": 20, "font-weight": 600, "background-position-x": 14,
      } },
      { selector: "node.other", style: { "corner-radius": 15, "background-color": colour("wash"), "border-color": colour("accent") } },
      { selector: "node.folded", style: { "border-style": "dashed", "background-color": colour("paper"), color: colour("soft"), "corner-radius": 15 } },
      { selector: "node.shared", style: { "background-color": colour("warn-wash"), "border-color": colour("warn"), "border-width": 1.5 } },
      { selector: "node.group", style: { "background-color": colour("paper"), "border-style": "dotted", color: colour("accent"), "font-weight": 600 } },
      { selector: "node.dot", style: {
        shape: "ellipse", width: DOT, height: DOT, "background-position-x": "50%", "text-valign": "bottom", "text-margin-x": 0, "text-margin-y": 3,
        "font-size": 11, "min-zoomed-font-size": 7,
      } },
      { selector: "node.pinned", style: { "border-width": 2, "border-style": "double" } },
      { selector: "node.off, edge.off", style: { opacity: 0.4 } },
      { selector: "node.path", style: { "border-color": colour("accent"), "border-width": 2.5, "border-style": "solid" } },
      { selector: "node.chosen", style: { "outline-color": colour("focus"), "outline-width": 3, "outline-offset": 2 } },
      { selector: "edge", style: { width: 1.4, "line-color": colour("line-strong"), "curve-style": "bezier", "overlay-opacity": 0, "edge-distances": "endpoints" } },
      { selector: "edge.straight", style: { "curve-style": "haystack", "haystack-radius": 0 } },
      { selector: "edge.curve", style: {
        "curve-style": "unbundled-bezier", "control-point-weights": "data(weights)", "control-point-distances": "data(distances)",
        "source-endpoint": "data(from)", "target-endpoint": "data(to)",
      } },
      { selector: "edge.outline", style: {
        "curve-style": "round-segments", "segment-radii": 8, "segment-weights": "data(weights)", "segment-distances": "data(distances)",
        "source-endpoint": "data(from)", "target-endpoint": "data(to)",
      } },
      { selector: "edge.met, edge.split", style: { "line-style": "dotted", width: 2, "line-color": colour("warn") } },
      { selector: "edge.asleep", style: { "line-style": "dashed", "line-dash-pattern": [2, 5], "line-color": colour("soft") } },
      { selector: "edge.folded_into, edge.rest", style: { "line-style": "dashed" } },
      { selector: "edge.path", style: { width: 3, "line-color": colour("accent"), "line-style": "solid", "z-index": 2 } },
    ]);
  }
}
