// What a drawing can be asked for beside looking: as it was, without some kinds, and as a file.

import { make, plural, say } from "./dom.js";

const STEPS = 200;

/** Offer a text or a blob as a file. */
export function saveAs(name, content, type) {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  say(`Saved ${name}`);
}

const ESCAPED = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text) => String(text ?? "").replace(/[&<>"]/g, (one) => ESCAPED[one]).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "");

/** Write what is drawn as GraphML. */
export function graphmlOf({ nodes, edges }) {
  const ids = new Map([...nodes.keys()].map((id, place) => [id, `n${place}`]));
  const data = (key, value) => (value === undefined || value === null ? "" : `<data key="${key}">${escaped(value)}</data>`);
  const names = ["id", "type", "label", "kind", "title"];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">',
    ...names.map((name) => `<key id="${name}" for="node" attr.name="${name}" attr.type="string"/>`),
    '<key id="tie" for="edge" attr.name="type" attr.type="string"/>',
    '<key id="occurred_at" for="edge" attr.name="occurred_at" attr.type="string"/>',
    '<graph edgedefault="directed">',
    ...[...nodes.values()].map((node) => `<node id="${ids.get(node.id)}">${names.map((name) => data(name, node[name])).join("")}</node>`),
    ...[...edges.values()].filter((edge) => ids.has(edge.source) && ids.has(edge.target)).map((edge) => `<edge source="${ids.get(edge.source)}" target="${ids.get(edge.target)}">${data("tie", edge.type)}${data("occurred_at", edge.occurred_at)}</edge>`),
    "</graph>", "</graphml>", "",
  ].join("\n");
}

/** Write shapes as SVG: boxes with their words, and the lines between them. */
export function svgOf({ box, boxes, lines, colours }) {
  const [x, y, width, height] = [box.x1 - 20, box.y1 - 20, box.w + 40, box.h + 40].map(Math.round);
  const one = (value) => Math.round(value * 10) / 10;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${x} ${y} ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="13">`,
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${colours.card}"/>`,
    ...lines.map(({ points, colour, thick, dash }) => {
      const [from, ...rest] = points;
      const way = rest.length === 3 ? `C ${rest.map((spot) => `${one(spot.x)} ${one(spot.y)}`).join(", ")}` : rest.map((spot) => `L ${one(spot.x)} ${one(spot.y)}`).join(" ");
      return `<path d="M ${one(from.x)} ${one(from.y)} ${way}" fill="none" stroke="${colour}" stroke-width="${thick}"${dash ? ` stroke-dasharray="${dash}"` : ""}/>`;
    }),
    ...boxes.map(({ x: left, y: top, w, h, words, fill, edge, ink, round, dashed, below }) => `<g><rect x="${one(left)}" y="${one(top)}" width="${one(w)}" height="${one(h)}" rx="${round}" fill="${fill}" stroke="${edge}"${dashed ? ' stroke-dasharray="4 3"' : ""}/><text x="${one(left + w / 2)}" y="${one(below ? top + h + 13 : top + h / 2 + 4.5)}" text-anchor="middle" fill="${ink}">${escaped(words)}</text></g>`),
    "</svg>", "",
  ].join("\n");
}

/** A chooser of kinds to show; `changed` is told the set of those that are hidden. */
export function kindsPart(kinds, changed) {
  const hidden = new Set();
  const part = make("fieldset", { class: "kinds" }, make("legend", {}, "Show"));
  const seen = new Set();
  const add = (name, words) => {
    if (seen.has(name)) return;
    seen.add(name);
    const box = make("input", { type: "checkbox", checked: true });
    box.addEventListener("change", () => {
      if (box.checked) hidden.delete(name);
      else hidden.add(name);
      changed(hidden);
    });
    part.append(make("label", { class: "check" }, box, words));
  };
  for (const [name, words] of kinds) add(name, words);
  return { part, add };
}

/** Two days between which what is drawn came; `changed` is told a test of times, or null for all of them. */
export function spanPart(changed) {
  const day = (label, name) => make("label", {}, label, make("input", { type: "date", name, min: "1970-01-01", max: "9999-12-31" }));
  const form = make("form", { class: "span", "aria-label": "Filter by time" }, day("Came from", "from"), day("to", "to"),
    make("button", { type: "reset", class: "quiet small" }, "Any time"));
  form.addEventListener("change", () => {
    const [from, to] = ["from", "to"].map((name) => form.elements[name].value);
    changed(from || to ? (at) => (!from || at.slice(0, 10) >= from) && (!to || at.slice(0, 10) <= to) : null);
  });
  form.addEventListener("reset", () => changed(null));
  form.addEventListener("submit", (event) => event.preventDefault());
  return form;
}

const inputTime = (time) => new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

/**
 * A slider over a time of arrival; at its end it is now.
 *
 * `moments` are times at which something changed, to step from one to the next; `turn` is told the time, null for now.
 */
export function timePart(from, moments, turn) {
  // Times here have milliseconds, those of the server microseconds: the next one has what came in the last.
  const begin = Date.parse(from) + 1;
  const end = Date.now();
  const stops = [...new Set(moments.map((time) => Date.parse(time) + 1))].filter((time) => time >= begin && time < end).sort((one, other) => one - other);
  const told = make("output", { class: "soft", for: "graph-time" }, "now");
  const slider = make("input", { type: "range", id: "graph-time", min: 0, max: STEPS, value: STEPS, step: 1, "aria-valuetext": "now" });
  let at = null;
  const set = (time) => {
    at = time === null || time >= end ? null : Math.max(begin, time);
    slider.value = at === null ? STEPS : String(Math.min(STEPS - 1, Math.round((STEPS * (at - begin)) / Math.max(1, end - begin))));
    told.textContent = at === null ? "now" : inputTime(at);
    slider.setAttribute("aria-valuetext", told.textContent);
    now.disabled = at === null;
    before.disabled = !stops.some((stop) => stop < (at ?? end));
    after.disabled = at === null;
  };
  const go = (time) => { set(time); turn(at === null ? null : new Date(at).toISOString()); };
  const placed = () => (Number(slider.value) >= STEPS ? null : begin + ((end - begin) * Number(slider.value)) / STEPS);
  const button = (words, label, act) => make("button", { type: "button", class: "quiet small", "aria-label": label, title: label, onclick: act }, words);
  const before = button("‹", "As it was after the change before", () => go(stops.findLast((stop) => stop < (at ?? end)) ?? begin));
  const after = button("›", "As it was after the next change", () => go(stops.find((stop) => stop > at) ?? null));
  const now = button("Now", "As it is now", () => go(null));
  slider.addEventListener("input", () => { told.textContent = placed() === null ? "now" : inputTime(placed()); });
  slider.addEventListener("change", () => go(placed()));
  set(null);
  return make("div", { class: "time", role: "group", "aria-label": "As it was" },
    make("label", { for: "graph-time" }, "As it was"), before, slider, after, now, told,
    make("span", { class: "unseen" }, plural(stops.length, "change")));
}
