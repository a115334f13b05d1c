// Keeping apart: what is done about one contact of a drawing, and taken back.

import { KEYS, call, contactLink, isSubscription, make, pathOf, problemBox, say, takes } from "./dom.js";
import { wordsOf } from "./graph.js";
import { sleepButton } from "./hands.js";

const keyOf = (node) => (["contact", "folded"].includes(node.type) ? null : node);

/** A button that makes calls one after the other; once done, `done` is told what the last one answered. */
function doing(words, calls, done, { quiet = true } = {}) {
  const button = make("button", { type: "button", class: quiet ? "quiet small" : "small", onclick: async () => {
    button.disabled = true;
    try {
      let answer;
      for (const [path, options] of calls()) answer = await call(path, options);
      done(answer);
    } catch (problem) {
      button.after(problemBox(problem));
    }
    button.disabled = false;
  } }, words);
  return button;
}

/** What is judged about a contact, each with a way back, and a form to keep it from the drawing's key or from somebody. */
export function apartPart(node, around) {
  const list = make("ul", { class: "judged" });
  const place = make("div", { class: "place" });
  const middle = keyOf(around.nodes.get(around.root));
  const people = [...around.nodes.values()].filter((one) => one.type === "contact" && one.id !== node.id);
  let owns = middle && around.owners(middle.id).includes(node.id);
  const value = middle ? { [middle.type]: middle.label } : null;

  async function read(told = "") {
    try {
      const { items } = await call(`/v1/judgements?contact=${encodeURIComponent(node.id)}&limit=25`);
      list.replaceChildren(...items.map(judged));
    } catch (problem) {
      // Who may not read judgements may still see the drawing.
      if (problem.status !== 403) list.replaceChildren(make("li", {}, problemBox(problem)));
    }
    if (told) {
      place.replaceChildren(make("p", { class: "done", role: "status" }, told));
      say(told);
    }
  }

  function judged({ id, contacts, key, why }) {
    const other = contacts.find((one) => one !== node.id);
    const name = around.nodes.get(other);
    const [namespace, kept] = Object.entries(key ?? {})[0] ?? [];
    const back = () => {
      const calls = [[`/v1/judgements/${encodeURIComponent(id)}`, { method: "DELETE" }]];
      const given = taken.get(`${namespace}:${kept}`);
      return given ? [...calls, [pathOf(node.id, "/keys"), { method: "POST", body: { [namespace]: kept } }]] : calls;
    };
    return make("li", {},
      make("span", {}, "Kept apart from ", key ? [`the ${KEYS[namespace] ?? namespace} `, make("span", { class: "mono" }, kept)] : other ? contactLink(other, name ? wordsOf(name) : undefined) : "somebody", why ? `: ${why}` : "", " "),
      takes("steward", doing("Take back", back, () => {
        if (taken.delete(`${namespace}:${kept}`)) owns = true;
        read("Taken back");
      })));
  }

  // Keys that were taken away here: their way back gives them again.
  const taken = around.taken ??= new Map();
  const why = make("input", { name: "why", maxlength: 1000, placeholder: "mother and daughter on one phone", autocomplete: "off" });
  const chosen = make("select", { name: "from" },
    middle ? make("option", { value: "" }, `the ${KEYS[middle.type] ?? middle.type} in the middle${owns ? ", which is taken away" : ""}`) : null,
    people.map((one) => make("option", { value: one.id }, wordsOf(one))));
  const reason = () => (why.value.trim() ? { why: why.value.trim() } : {});
  const keep = doing("Keep apart", () => {
    if (chosen.value) return [["/v1/judgements", { method: "POST", body: { verdict: "apart", contacts: [node.id, chosen.value], ...reason() } }]];
    if (!owns) return [["/v1/judgements", { method: "POST", body: { verdict: "apart", contact: node.id, key: value, ...reason() } }]];
    taken.set(`${middle.type}:${middle.label}`, true);
    const said = why.value.trim() ? `?${new URLSearchParams({ why: why.value.trim() })}` : "";
    return [[pathOf(node.id, `/keys/remove${said}`), { method: "POST", body: { ...value, stay_away: true } }]];
  }, () => {
    if (!chosen.value) owns = false;
    read("Kept apart: no event brings them together.");
  });
  const form = make("details", { class: "apart" }, make("summary", {}, "Keep apart …"),
    make("div", { class: "fields" }, make("label", { class: "wide" }, "From", chosen), make("label", { class: "wide" }, "Why", why), make("div", { class: "wide actions" }, keep)));
  /** Whether this person may be reached by the subscription in the middle, and the button that turns it. */
  function sleeping(told = "") {
    const edge = middle && [...around.edges.values()].find((one) => one.source === node.id && one.target === middle.id && one.type.includes("owns"));
    if (!edge || !isSubscription(middle.type)) return [];
    return [
      edge.asleep ? make("p", {}, make("span", { class: "badge warn" }, "asleep"), " not to be reached by it") : null,
      sleepButton(middle.type, middle.label, {
        words: edge.asleep ? "Wake …" : "Let it sleep …", named: edge.asleep ? "Wake this person on it" : "Let it sleep for this person",
        asleep: !edge.asleep, whom: { contacts: [node.id] },
        onDone: () => {
          edge.asleep = !edge.asleep;
          sleep.replaceChildren(...sleeping(edge.asleep ? "Asleep: it is not used to reach this person." : "Awake again."));
          around.turned?.();
        },
      }),
      told ? make("p", { class: "done", role: "status" }, told) : null,
    ].filter(Boolean);
  }
  const sleep = make("div", { class: "sleep-part" });
  sleep.append(...sleeping());

  read();
  return make("div", { class: "apart-part" }, sleep, list, middle || people.length ? takes("steward", form, "Keeping somebody apart") : null, place);
}
