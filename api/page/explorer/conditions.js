// A condition as a form: tests and groups of them, with what is wrong beside each; as JSON for those who prefer it.

import { make } from "./dom.js";

const TESTS = {
  is: "is", is_not: "is not", in: "is one of", contains: "contains", greater_than: "is more than", less_than: "is less than",
  is_before: "is before", is_after: "is after", older_than: "is older than", exists: "is there",
};
const SUBJECTS = {
  property: "property of the contact", context: "data of the call", segment: "is in the segment", event: "has done", key: "has a key",
  kind: "is", visitor_of: "is a visitor of", json: "JSON",
};
const HINTS = { in: "red, blue", is_before: "P30D, -P30D or 2026-12-24", is_after: "P30D, -P30D or 2026-12-24", older_than: "P30D" };

/** Read what somebody typed as a value: numbers, true and false are such, what stands in quotes is a text. */
function valueOf(text) {
  const said = text.trim();
  if (/^(true|false|-?\d+(\.\d+)?)$/.test(said) || /^".*"$/.test(said)) {
    try {
      return JSON.parse(said);
    } catch { /* a text after all */ }
  }
  return said;
}

/** Write a value so that it is read as the same. */
function written(value) {
  if (Array.isArray(value)) return value.map(written).join(", ");
  return typeof value === "string" && valueOf(value) === value ? value : JSON.stringify(value);
}

const option = ([value, words]) => make("option", { value }, words);
const input = (label, value, more = {}) => make("input", { "aria-label": label, value, autocomplete: "off", autocapitalize: "none", spellcheck: "false", ...more });
function select(label, options, chosen) {
  const element = make("select", { "aria-label": label }, options.map(option));
  if (chosen !== undefined) element.value = chosen;
  return element;
}

/** A test of something that has a name: property or data of the call. */
function named(head, where) {
  const name = input("Name", where[head] ?? "", { placeholder: "country" });
  const test = select("Test", Object.entries(TESTS), Object.keys(TESTS).find((one) => one in where) ?? "is");
  const value = input("Value", test.value in where && test.value !== "exists" ? written(where[test.value]) : "");
  const there = select("There or not", [["true", "yes"], ["false", "no"]], String(where.exists ?? true));
  const fit = () => {
    value.hidden = test.value === "exists";
    there.hidden = !value.hidden;
    value.placeholder = HINTS[test.value] ?? "FR";
  };
  test.addEventListener("change", fit);
  fit();
  return {
    parts: [name, test, value, there],
    read: () => {
      const said = test.value === "exists" ? there.value === "true"
        : test.value === "in" ? value.value.split(",").map(valueOf).filter((one) => one !== "")
        : ["is_before", "is_after", "older_than"].includes(test.value) ? value.value.trim() : valueOf(value.value);
      return { [head]: name.value.trim(), [test.value]: said };
    },
  };
}

const FORMS = {
  property: (where) => named("property", where),
  context: (where) => named("context", where),
  segment: (where, { segments }) => {
    const name = select("Segment", [...new Set([where.segment, ...segments])].filter(Boolean).map((one) => [one, one]), where.segment);
    return { parts: [name], read: () => ({ segment: name.value }) };
  },
  visitor_of: (where, { environments }) => {
    const name = select("Environment", [...new Set([where.visitor_of, ...environments])].filter(Boolean).map((one) => [one, one]), where.visitor_of);
    return { parts: [name], read: () => ({ visitor_of: name.value }) };
  },
  event: (where) => {
    const name = input("Event", where.event ?? "", { placeholder: "purchase" });
    const least = input("At least how often", where.at_least ?? 1, { type: "number", min: 1 });
    const within = input("Within", where.within ?? "", { placeholder: "P30D, ever if empty" });
    return {
      parts: [name, "at least", least, "times within", within],
      read: () => ({ event: name.value.trim(), at_least: Number(least.value), ...(within.value.trim() ? { within: within.value.trim() } : {}) }),
    };
  },
  key: (where) => {
    const name = input("Namespace", where.key ?? "", { placeholder: "email" });
    const there = select("There or not", [["true", "yes"], ["false", "no"]], String(where.exists ?? true));
    return { parts: [name, there], read: () => ({ key: name.value.trim(), exists: there.value === "true" }) };
  },
  kind: (where) => {
    const kind = select("Kind", [["known", "known"], ["anonymous", "anonymous"]], where.kind);
    return { parts: [kind], read: () => ({ kind: kind.value }) };
  },
  json: (where) => {
    const text = input("Condition as JSON", Object.keys(where).length ? JSON.stringify(where) : "", { class: "wide" });
    return { parts: [text], read: () => { try { return JSON.parse(text.value); } catch { return text.value; } } };
  },
};

/** Which form shows a test; what none has a place for is shown as JSON. */
function subjectOf(where) {
  const head = Object.keys(FORMS).find((name) => name in where);
  return !head || (head === "event" && "where" in where) ? "json" : head;
}

function leaf(where, known, changed, drop) {
  const subject = select("What is asked", Object.entries(SUBJECTS).filter(([name]) => (name !== "segment" || known.segments.length || where.segment) && (name !== "visitor_of" || known.environments.length || where.visitor_of)), subjectOf(where));
  const not = make("input", { type: "checkbox" });
  const parts = make("span", { class: "parts" });
  let form = null;
  const show = (said) => {
    form = FORMS[subject.value](said, known);
    parts.replaceChildren(...form.parts.filter(Boolean));
  };
  show(where);
  subject.addEventListener("change", () => show({}));
  const row = make("div", { class: "test" }, make("label", { class: "tick" }, not, "not"), subject, parts,
    make("button", { type: "button", class: "quiet small", "aria-label": "Remove this test", onclick: () => { drop(); changed(); } }, "Remove"));
  return { row, not, read: () => form.read() };
}

function group(where, known, changed, drop) {
  const op = select("All or any", [["all", "all of these"], ["any", "any of these"]], "any" in where ? "any" : "all");
  const not = make("input", { type: "checkbox" });
  const list = make("div", { class: "tests" });
  let parts = [];
  const add = (said) => {
    const part = node(said, known, changed, () => {
      parts = parts.filter((one) => one !== part);
      part.row.remove();
    });
    parts.push(part);
    list.append(part.row);
    return part;
  };
  for (const one of where.all ?? where.any ?? []) add(one);
  const adding = (words, said) => make("button", { type: "button", class: "quiet small", onclick: () => { add(said()).row.querySelector("select").focus(); changed(); } }, words);
  const row = make("div", { class: "group-of" },
    make("div", { class: "test" }, drop ? make("label", { class: "tick" }, not, "not") : null, op,
      drop ? make("button", { type: "button", class: "quiet small", "aria-label": "Remove this group", onclick: () => { drop(); changed(); } }, "Remove") : null),
    list, make("div", { class: "actions" }, adding("Add a test", () => ({ property: "" })), adding("Add a group", () => ({ all: [{ property: "" }] }))));
  return {
    row, not,
    read: (place) => ({ [op.value]: parts.map((part, index) => marked(part, `${place}.${op.value}[${index}]`)) }),
    empty: () => parts.length === 0,
    first: () => parts[0],
  };
}

function node(where, known, changed, drop) {
  const inner = where && typeof where === "object" && "not" in where && typeof where.not === "object" ? where.not : where;
  const said = inner && typeof inner === "object" ? inner : {};
  const made = "all" in said || "any" in said ? group(said, known, changed, drop) : leaf(said, known, changed, drop);
  made.not.checked = inner !== where;
  return made;
}

/** Read a part, and note on it the place by which a mistake names it. */
function marked(part, place) {
  const not = part.not.checked;
  part.row.dataset.place = place;
  const read = part.read(not ? `${place}.not` : place);
  return not ? { not: read } : read;
}

/**
 * A field for a condition; its text area, of the field's name, always holds the condition as JSON.
 * `known` are the names of segments and of anonymous environments that a condition may speak of.
 */
export function conditionField({ label, name }, value, known) {
  const text = make("textarea", { name, rows: 3, spellcheck: "false" }, value ? JSON.stringify(value) : "");
  const place = make("div", {});
  const expert = make("label", { class: "wide", hidden: true }, `${label} (JSON)`, text);
  const toggle = make("button", { type: "button", class: "quiet small" }, "As JSON");
  let top = null;

  const changed = () => {
    text.value = top.empty() ? "" : JSON.stringify(top.read(name));
    text.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const show = (where) => {
    const plain = where && ("all" in where || "any" in where) && Object.keys(where).length === 1;
    top = group(plain ? where : where ? { all: [where] } : { all: [] }, known, changed, null);
    const all = top.read;
    // One test alone is a condition by itself.
    top.read = (at) => {
      const read = all(at);
      if (read.all?.length !== 1) return read;
      return marked(top.first(), at);
    };
    place.replaceChildren(top.row);
  };
  show(value);
  place.addEventListener("change", (event) => { if (event.target !== text) { event.stopPropagation(); changed(); } });
  toggle.addEventListener("click", () => {
    if (expert.hidden) {
      expert.hidden = false;
      place.hidden = true;
      toggle.textContent = "As a form";
      text.focus();
      return;
    }
    let where;
    try {
      where = text.value.trim() ? JSON.parse(text.value) : null;
    } catch {
      return; // the mistake stands beside the text
    }
    show(where);
    expert.hidden = true;
    place.hidden = false;
    toggle.textContent = "As JSON";
  });
  return make("fieldset", { class: "wide condition", "data-place": name }, make("legend", {}, label), place, expert, toggle);
}
