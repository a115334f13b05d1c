// Fields of the catalogue that are made of several: limits, weights, content, and picks of names that are there.
// Each keeps what it says as JSON in a hidden text area of the field's name; what is wrong stands beside the part it is about.

import { make } from "./dom.js";

const DURATION = "P7D or PT12H, ever if empty";
const TIME = "2026-12-24T00:00:00Z";
const COUNTED = [["presented", "presented"], ["accepted", "accepted"], ["refused", "refused"]];
const OVER = [["offer", "each offer alone"], ["category", "all of its category together"]];
const KINDS = [["text", "text"], ["number", "number"], ["flag", "yes or no"], ["list", "list, one a line"], ["nothing", "nothing"]];

const option = ([value, words]) => make("option", { value }, words);

function chosen(label, options, value, place) {
  const select = make("select", {}, options.map(option));
  select.value = value ?? options[0][0];
  return [make("label", { "data-place": place }, label, select), select];
}

function entry(label, value, more = {}, place = null) {
  const input = make("input", { value: value ?? "", autocomplete: "off", autocapitalize: "none", spellcheck: "false", ...more });
  return [make("label", { "data-place": place }, label, input), input];
}

const numberIn = (input) => (input.value === "" ? null : Number(input.value));
const button = (words, label, work) => make("button", { type: "button", class: "quiet small", "aria-label": label, onclick: work }, words);

/** Names with a blank for none, the one that is said among them even where it is there no more. */
const names = (known, said, none) => [["", none], ...[...new Set([...known, said])].filter(Boolean).map((one) => [one, one])];

/** A field whose parts are read together: `read` returns what they say, or undefined for nothing. */
function composed({ label, name }, parts, read) {
  const text = make("textarea", { name });
  const write = () => {
    const said = read();
    text.value = said === undefined ? "" : JSON.stringify(said);
  };
  const changed = () => {
    write();
    text.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const field = make("fieldset", { class: "wide composed", "data-place": name }, make("legend", {}, label), parts(changed), make("label", { hidden: true }, label, text));
  field.addEventListener("change", (event) => {
    if (event.target === text) return;
    event.stopPropagation();
    changed();
  });
  write();
  return field;
}

/** How often something is offered: so many times presented, accepted or refused, in a time, over an offer or a category. */
export function limitField(asked, value) {
  const at = (part) => `${asked.name}.${part}`;
  const [counts, count] = entry("At most", value?.count, { type: "number", min: 0, step: 1, placeholder: "no limit" }, at("count"));
  const [ofs, of] = chosen("times", COUNTED, value?.of, at("of"));
  const [withins, within] = entry("within", value?.within, { placeholder: DURATION }, at("within"));
  const over = asked.rule ? [["", "as of what names the rule"], ...OVER] : OVER;
  const [scopes, scope] = chosen("counted over", over, value?.scope ?? (asked.rule ? "" : asked.over), at("scope"));
  return composed(asked, () => make("div", { class: "parts" }, counts, ofs, withins, scopes), () => {
    const period = within.value.trim();
    if (count.value === "" && !count.validity.badInput && !period) return undefined;
    return { count: numberIn(count), of: of.value, ...(period ? { within: period } : {}), ...(scope.value ? { scope: scope.value } : {}) };
  });
}

/** A list of parts to which one is added, and from which one is taken away; `rowOf` makes one, with `read(place)`. */
function rowsOf(items, rowOf, adding, changed) {
  const list = make("div", { class: "stack" });
  let rows = [];
  const add = (item) => {
    const row = rowOf(item, () => {
      rows = rows.filter((one) => one !== row);
      row.element.remove();
      more.focus();
      changed();
    });
    rows.push(row);
    list.append(row.element);
    return row;
  };
  // What was added says nothing, and is not checked, before something of it is said.
  const more = button(adding, adding, () => add(undefined).element.querySelector("input, select, textarea").focus());
  for (const item of items) add(item);
  return { element: make("div", { class: "stack" }, list, make("div", {}, more)), rows: () => rows };
}

function weightRow(value, known, drop) {
  const [weights, weight] = entry("Weight", value?.weight, { type: "number", min: 0, step: "any" });
  const [starts, from] = entry("from", value?.starts_at, { placeholder: TIME });
  const [ends, until] = entry("until", value?.ends_at, { placeholder: TIME });
  const [spaces, space] = chosen("in space", names(known.spaces, value?.space, "every"), value?.space ?? "");
  const [segments, segment] = chosen("for segment", names(known.segments, value?.segment, "everybody"), value?.segment ?? "");
  const labels = { weight: weights, starts_at: starts, ends_at: ends, space: spaces, segment: segments };
  const element = make("div", { class: "parts" }, Object.values(labels), button("Remove", "Remove this weight", drop));
  return {
    element,
    read: (place) => {
      element.dataset.place = place;
      for (const [name, label] of Object.entries(labels)) label.dataset.place = `${place}.${name}`;
      const said = { starts_at: from.value.trim(), ends_at: until.value.trim(), space: space.value, segment: segment.value };
      return { weight: numberIn(weight), ...Object.fromEntries(Object.entries(said).filter(([, one]) => one)) };
    },
  };
}

/** Weights beside an offer's own, each for a time, a space, a segment, or several of these. */
export function weightsField(asked, value) {
  let list;
  return composed(asked, (changed) => {
    list = rowsOf(value ?? [], (item, drop) => weightRow(item, asked.known, drop), "Add a weight", changed);
    return list.element;
  }, () => {
    const said = list.rows().map((row, index) => row.read(`${asked.name}[${index}]`));
    return said.length ? said : undefined;
  });
}

function kindOf(value) {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "list";
  return { number: "number", boolean: "flag" }[typeof value] ?? "text";
}

function contentRow([name, value], drop) {
  const [names_, named] = entry("Field", name, { placeholder: "title" });
  const [kinds, kind] = chosen("as", KINDS, value === undefined ? "text" : kindOf(value));
  const place = make("label", { class: "grow" }, "Value");
  let input = null;
  const show = (said) => {
    const shown = Array.isArray(said) ? said.join("\n") : said ?? "";
    if (kind.value === "flag") {
      input = make("select", {}, [["true", "yes"], ["false", "no"]].map(option));
      input.value = String(said === true);
    } else if (kind.value === "number") input = make("input", { type: "number", step: "any", value: shown });
    else input = make("textarea", { rows: kind.value === "list" ? 3 : 1 }, String(shown));
    place.hidden = kind.value === "nothing";
    place.replaceChildren("Value", input);
  };
  show(value);
  kind.addEventListener("change", () => show(input.value));
  const values = {
    text: () => input.value,
    number: () => numberIn(input),
    flag: () => input.value === "true",
    list: () => input.value.split("\n").map((line) => line.trim()).filter(Boolean),
    nothing: () => null,
  };
  const element = make("div", { class: "parts" }, names_, kinds, place, button("Remove", "Remove this field", drop));
  return {
    element,
    // What a space asks for and nobody has said yet is not said to be empty.
    read: (at) => {
      element.dataset.place = `${at}.${named.value.trim()}`;
      const blank = value === undefined && kind.value === "text" && input.value === "";
      return named.value.trim() && !blank ? [named.value.trim(), values[kind.value]()] : null;
    },
  };
}

function contentList(value, wanted, changed) {
  const lacking = wanted.filter((name) => !(name in (value ?? {}))).map((name) => [name, undefined]);
  const list = rowsOf([...Object.entries(value ?? {}), ...lacking], (item, drop) => contentRow(item ?? ["", undefined], drop), "Add a field", changed);
  return { element: list.element, read: (place) => Object.fromEntries(list.rows().map((row) => row.read(place)).filter(Boolean)) };
}

/** The content of an offer in every space; fields that its spaces ask for are there to be filled in. */
export function contentField(asked, value) {
  let list;
  return composed(asked, (changed) => {
    list = contentList(value, asked.known.content, changed);
    return list.element;
  }, () => {
    const said = list.read(asked.name);
    return Object.keys(said).length ? said : undefined;
  });
}

/** The content of an offer in one space or another, before that for every space. */
export function representationsField(asked, value) {
  const { spaces } = asked.known;
  const free = () => spaces.find((space) => !list.rows().some((row) => row.space() === space)) ?? spaces[0] ?? "";
  let list;
  const rowOf = (item, drop, changed) => {
    const [labels, space] = chosen("In space", names(spaces, item?.[0], "which?"), item?.[0] ?? free());
    const content = contentList(item?.[1], [], changed);
    const element = make("div", { class: "stack part" }, make("div", { class: "parts" }, labels, button("Remove", "Remove the content of this space", drop)), content.element);
    return {
      element,
      space: () => space.value,
      read: (place) => {
        element.dataset.place = `${place}.${space.value}`;
        return [space.value, content.read(`${place}.${space.value}`)];
      },
    };
  };
  return composed(asked, (changed) => {
    list = { rows: () => [] };
    list = rowsOf(Object.entries(value ?? {}), (item, drop) => rowOf(item, drop, changed), "Add content of one space", changed);
    return list.element;
  }, () => {
    const said = list.rows().map((row) => row.read(asked.name)).filter(([space]) => space);
    return said.length ? Object.fromEntries(said) : undefined;
  });
}

/** Some of the names that are there, ticked. */
export function picksField(asked, value) {
  const known = [...new Set([...asked.options, ...(value ?? [])])];
  const ticks = known.map((name) => [name, make("input", { type: "checkbox", checked: (value ?? []).includes(name) })]);
  return composed(asked, () => (known.length
    ? make("div", { class: "parts" }, ticks.map(([name, tick]) => make("label", { class: "tick" }, tick, name)))
    : make("p", { class: "none" }, asked.none)), () => {
    const said = ticks.filter(([, tick]) => tick.checked).map(([name]) => name);
    return said.length ? said : undefined;
  });
}
