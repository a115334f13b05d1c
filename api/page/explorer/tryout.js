// An event as typed, resolved as a dry run: the answer is the real one, and nothing is written.

import { ALWAYS, KEYS, badgeOf, call, contactLink, hrefTo, inWords, make, plural, problemBox, say, withLinks } from "./dom.js";
import { drawnView } from "./graph.js";

const OUTCOMES = {
  created: "a new contact would be made",
  found: "it belongs to a contact that is there",
  claimed: "a contact that is there would become known",
  merged: "two contacts would turn out to be one",
  shared: "its subscription would be shared between two known contacts",
  ignored: "every key it carries is blocked, so nothing would be written",
};
const HINTS = { email: "ana@example.com", tracker_id: "the cookie's value", subscription: "the push subscription's id", user_id: "42" };

const POLICIES = { strict: "strict", continuity: "continuity", last_login: "last log-in" };
const MOST = 100;
const EXAMPLES = {
  "Two people on one browser": [
    { tracker_id: "example-browser" }, { tracker_id: "example-browser", email: "example-ana@example.com" },
    { tracker_id: "example-browser", email: "example-bo@example.com" }, { tracker_id: "example-browser" },
  ],
  "One person on two devices": [
    { tracker_id: "example-laptop" }, { tracker_id: "example-phone", email: "example-ana@example.com" }, { tracker_id: "example-laptop", email: "example-ana@example.com" },
  ],
  "A subscription that is handed on": [
    { tracker_id: "example-one", email: "example-ana@example.com", subscription: "example-push" },
    { tracker_id: "example-two", email: "example-bo@example.com", subscription: "example-push" },
  ],
};

/** Registries to begin with, beside the deployment's own; what is chosen is edited as text. */
const REGISTRIES = {
  "": ["this deployment's", null],
  plain: ["only those always there", {}],
  phone: ["a phone number too", { phone: { class: "person", normalise: "phone", region: "FR" } }],
  loyalty: ["a loyalty card too", { loyalty_card: { class: "person", priority: 5, at_most: 1, pattern: "[0-9]{10}" } }],
  app: ["an app's installations and pushes too", { installation: { class: "device" }, app_push: { class: "subscription" } }],
};

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** What an address carries of a simulation: events, policies and a registry; nothing where it is none. */
function carried(text) {
  try {
    const { events, policies, namespaces } = JSON.parse(text || "{}");
    return {
      events: Array.isArray(events) ? events.slice(0, MOST) : [], policies: (Array.isArray(policies) ? policies : []).filter((one) => one in POLICIES),
      namespaces: isObject(namespaces) ? namespaces : null,
    };
  } catch {
    return { events: [], policies: [], namespaces: null };
  }
}

let own = "";

/** Events as a list, played through under one policy or two; `asked` is what a link carries. */
export function tryView(asked = "") {
  const { events, policies, namespaces } = carried(asked);
  const nothing = () => make("p", { class: "none" }, "The answer and how it was decided come here.");
  const answer = make("section", { class: "answer", "aria-live": "polite", "aria-label": "The answer" }, nothing());
  const text = (name, label, placeholder) => make("label", {}, label, make("input", { name, placeholder, autocomplete: "off", autocapitalize: "none", spellcheck: "false" }));
  const json = (name, label, placeholder) => make("label", { class: "wide" }, label, make("textarea", { name, rows: 2, spellcheck: "false", placeholder }));
  const list = make("ol", { class: "queue" });
  const chooser = (name, label, first, chosen) => make("label", {}, label, make("select", { name },
    make("option", { value: "" }, first), Object.entries(POLICIES).map(([value, words]) => make("option", { value, selected: value === chosen }, words))));
  const examples = make("select", { name: "example" }, make("option", { value: "" }, "Choose one …"), Object.keys(EXAMPLES).map((name) => make("option", { value: name }, name)));
  const add = make("button", { type: "button", class: "quiet" }, "Put it on the list");
  const share = make("button", { type: "button", class: "quiet", hidden: true }, "Copy a link");
  const drawn = make("div", { class: "stack drawings" });
  const registry = make("select", { name: "registry" }, Object.entries(REGISTRIES).map(([value, [words]]) => make("option", { value }, words)),
    namespaces ? make("option", { value: "given", selected: true }, "those of the link") : null);
  const declared = make("textarea", { name: "namespaces", rows: 5, spellcheck: "false", "aria-describedby": "registry-wrong" }, namespaces ? JSON.stringify(namespaces, null, 1) : "");
  const wrong = make("span", { class: "beside", id: "registry-wrong" });
  const declaring = make("label", { class: "wide", hidden: !namespaces }, "Namespaces, as a file of KINFOLD_KEYS declares them, in JSON", declared, wrong);
  const keys = make("div", { class: "fields wide keys-of-event" });
  const form = make(
    "form", { class: "fields", id: "try", "aria-label": "An event" },
    keys,
    text("event", "Event", "page_view"), text("occurred_at", "Occurred at", "now, or 2026-11-22T10:00:00Z"),
    json("properties", "Properties, as JSON", '{"_name": "Ana"}'),
    chooser("policy", "Policy", "this deployment's", policies[0]), chooser("beside", "Side by side with", "no other", policies[1]),
    make("label", {}, "Namespaces", registry), make("label", {}, "An example", examples), declaring,
    make("div", { class: "wide actions" },
      make("button", { type: "submit" }, "Dry run"), add,
      make("button", { type: "reset", class: "quiet" }, "Clear"), share),
  );
  const queue = make("section", { class: "wide", "aria-label": "Events before it" }, list);
  form.prepend(queue);

  function listed() {
    queue.hidden = events.length === 0;
    list.replaceChildren(...events.map((event, place) => make("li", {},
      make("span", {}, eventWords(event)), " ",
      make("button", { type: "button", class: "quiet small", "aria-label": `Take off event ${place + 1}`, onclick: () => { events.splice(place, 1); listed(); (list.querySelector("button") ?? form.elements.email).focus(); } }, "Take off"))));
  }

  /** The registry that is chosen: null is the deployment's. */
  function chosenRegistry() {
    if (declaring.hidden) return null;
    try {
      const read = JSON.parse(declared.value || "{}");
      if (isObject(read)) return read;
      throw new Error("It must be an object: names and what they are.");
    } catch (error) {
      throw { title: "The namespaces are not JSON", detail: error.message, errors: [{ field: "namespaces", message: error.message }] };
    }
  }

  /** Fields for the keys of the registry that is chosen; what was typed stays. */
  function offerKeys() {
    let names = Object.keys(KEYS);
    try {
      const chosen = chosenRegistry();
      if (chosen) names = [...ALWAYS, ...Object.keys(chosen).filter((name) => !ALWAYS.includes(name))];
    } catch {
      return;
    }
    const values = new Map([...keys.querySelectorAll("input")].map((input) => [input.name, input.value]));
    keys.replaceChildren(...names.map((name) => {
      const words = KEYS[name] ?? name.replaceAll("_", " ");
      return text(name, words[0].toUpperCase() + words.slice(1), HINTS[name]);
    }));
    for (const input of keys.querySelectorAll("input")) input.value = values.get(input.name) ?? "";
  }

  registry.addEventListener("change", () => {
    const [, chosen] = REGISTRIES[registry.value] ?? [null, namespaces];
    declaring.hidden = chosen === null;
    declared.value = chosen === null ? "" : JSON.stringify(chosen, null, 1);
    wrong.textContent = "";
    offerKeys();
  });
  declared.addEventListener("change", offerKeys);
  offerKeys();

  const typed = () => {
    const event = eventFrom(form, [...keys.querySelectorAll("input")].map(({ name }) => name));
    return Object.keys(event).length || events.length === 0 ? [event] : [];
  };

  async function run() {
    const button = form.querySelector("button[type=submit]");
    button.disabled = true;
    wrong.textContent = "";
    declared.removeAttribute("aria-invalid");
    try {
      const played = [...events, ...typed()];
      const registered = chosenRegistry();
      const beside = form.elements.beside.value;
      // Beside another, the deployment's own policy has to be named: an answer says which it is.
      if (beside && !form.elements.policy.value) own ||= (await call("/v1/simulations", { method: "POST", body: { events: [{}] } })).policy;
      const chosen = [...new Set([form.elements.policy.value || (beside && own), beside].filter(Boolean))];
      const more = registered ? { namespaces: registered } : {};
      const { policy, results, drawings } = await call("/v1/simulations", { method: "POST", body: { events: played, policies: chosen, drawing: true, ...more } });
      answer.replaceChildren(...shownOf(played, results, policy));
      drawn.replaceChildren(...drawingsOf(drawings, policy));
      const address = hrefTo("try", JSON.stringify({ events: played, policies: chosen, ...more }));
      share.hidden = false;
      share.onclick = () => copy(share, new URL(address, location.href).href);
      const [first] = Object.values(results)[0].slice(-1);
      say(first.error ? first.error.title : `Rule ${first.rule ?? "none"}, ${first.outcome}`);
    } catch (problem) {
      const about = (problem.errors ?? []).filter(({ field }) => /^namespaces\b/.test(field ?? ""));
      wrong.textContent = about.map(({ field, message }) => `${field}: ${message}`).join("; ");
      if (about.length) {
        declared.setAttribute("aria-invalid", "true");
        say(wrong.textContent);
      }
      const left = (problem.errors ?? []).filter((one) => !about.includes(one));
      answer.replaceChildren(about.length && !left.length ? nothing() : problemBox({ ...problem, errors: left }, { again: run }));
      drawn.replaceChildren();
    }
    button.disabled = false;
  }

  form.addEventListener("submit", (submitted) => { submitted.preventDefault(); run(); });
  add.addEventListener("click", () => {
    try {
      events.push(...typed());
    } catch (problem) {
      answer.replaceChildren(problemBox(problem));
      return;
    }
    for (const field of form.querySelectorAll("input, textarea[name=properties]")) field.value = "";
    listed();
    say(`${plural(events.length, "event")} on the list`);
    form.elements.email.focus();
  });
  examples.addEventListener("change", () => {
    if (!examples.value) return;
    events.splice(0, events.length, ...structuredClone(EXAMPLES[examples.value]));
    listed();
    run();
  });
  form.addEventListener("reset", () => {
    events.length = 0;
    listed();
    share.hidden = true;
    answer.replaceChildren(nothing());
    drawn.replaceChildren();
    // The fields are as they were once the form has reset them.
    queueMicrotask(() => registry.dispatchEvent(new Event("change")));
  });
  listed();
  if (events.length) run();
  return make(
    "div", { class: "view" },
    make("h1", {}, "What if …"),
    make("p", { class: "lead" }, "Say what events carry, one after the other. They are resolved as a dry run, each seeing what those before it would have done: the answers are the real ones, and nothing is written."),
    make("div", { class: "columns simulator" }, make("div", { class: "card" }, form), make("div", { class: "card" }, answer)),
    drawn,
  );
}

/** What the events leave, drawn once for each policy. */
function drawingsOf(drawings, own_) {
  return Object.entries(drawings ?? {}).flatMap(([policy, drawing]) => [
    make("h2", {}, "What comes of it", Object.keys(drawings).length > 1 ? `: ${POLICIES[policy] ?? policy}${policy === own_ ? " (this deployment)" : ""}` : ""),
    drawing.root ? drawnView(drawing, { simulated: true, named: Object.keys(drawings).length > 1 ? POLICIES[policy] ?? policy : "" }) : make("p", { class: "none" }, "Nobody would own anything."),
  ]);
}

async function copy(button, address) {
  try {
    await navigator.clipboard.writeText(address);
    button.textContent = "Copied";
    say("The link was copied");
  } catch {
    button.after(make("input", { readonly: true, value: address, "aria-label": "The link" }));
  }
}

const eventWords = (event) => Object.entries(event).map(([name, value]) => `${KEYS[name] ?? name} ${inWords(value)}`).join(", ") || "an event without a key";

/** One answer as it is; several as a table, one row an event, one column a policy. */
function shownOf(events, results, own_) {
  const policies = Object.keys(results);
  if (events.length === 1 && policies.length === 1) {
    const [only] = results[policies[0]];
    return only.error ? [problemBox(only.error)] : answerShown(only);
  }
  const differs = (place) => policies.length > 1 && new Set(policies.map((policy) => brief(results[policy][place]))).size > 1;
  const different = events.filter((_, place) => differs(place)).length;
  return [
    policies.length > 1 ? make("p", { class: "verdict" }, make("strong", {}, different ? `${plural(different, "event")} of ${events.length} would come to something else` : "Both policies come to the same")) : null,
    make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Answers by event" }, make("table", { class: "simulated" },
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Event"), policies.map((policy) => make("th", { scope: "col" }, POLICIES[policy] ?? policy, policy === own_ ? " (this deployment)" : "")))),
      make("tbody", {}, events.map((event, place) => make("tr", { class: differs(place) ? "differs" : null },
        make("th", { scope: "row" }, `${place + 1}. ${eventWords(event)}`, differs(place) ? make("span", { class: "badge warn" }, "differs") : null),
        policies.map((policy) => make("td", {}, cellOf(results[policy][place])))))))),
  ].filter(Boolean);
}

const brief = ({ error, rule, outcome, contact, merged, shared_with: shared, tracker_id: tracker }) => JSON.stringify(error ? error.title : [rule, outcome, contact?.id, merged, shared, tracker]);

function cellOf(answer) {
  if (answer.error) return problemBox(answer.error);
  return [
    make("div", {}, answer.rule ? make("span", { class: "rule" }, answer.rule) : null, " ", answer.outcome),
    make("div", {}, whoOf(answer.contact), " ", answer.contact ? badgeOf(answer.contact.kind) : null),
    make("details", {}, make("summary", {}, "How"), notesOn(answer).map((note) => make("p", {}, note)), traceList(answer.trace ?? [])),
  ];
}

const NEW = /^new-(\d+)$/;
const whoOf = (contact) => (contact === null ? "nobody" : named(contact.id));
const named = (id) => {
  if (!id) return "the new contact";
  const number = NEW.exec(id)?.[1];
  return number ? `new contact ${number}` : contactLink(id, id);
};

function eventFrom(form, names) {
  const event = {};
  for (const key of [...names, "event", "occurred_at"]) {
    const value = form.elements[key].value;
    if (value === "") continue;
    if (names.includes(key) && !ALWAYS.includes(key)) event.keys = { ...event.keys, [key]: value };
    else event[key] = value;
  }
  const properties = form.elements.properties.value.trim();
  if (properties) {
    try {
      event.properties = JSON.parse(properties);
    } catch (error) {
      throw { title: "The properties are not JSON", detail: error.message, errors: [] };
    }
  }
  return event;
}

const ids = (contacts) => contacts.flatMap((id, index) => [index ? ", " : "", NEW.test(id) ? named(id) : id ? contactLink(id) : "the new contact"]);

function notesOn(answer) {
  const notes = [];
  if (answer.merged.length) notes.push(["Folded in: ", ...ids(answer.merged)]);
  if (answer.shared_with.length) notes.push(["Its subscription is shared with: ", ...ids(answer.shared_with)]);
  for (const moved of answer.moved) notes.push([`The ${KEYS[moved.key] ?? moved.key} ${moved.value} leaves `, ...ids([moved.from])]);
  for (const conflict of answer.conflicts) notes.push([`Its ${KEYS[conflict.key] ?? conflict.key} stays with `, ...ids([conflict.owner])]);
  for (const ignored of answer.ignored) notes.push([`Its ${KEYS[ignored.key] ?? ignored.key} counts as absent: it is ${ignored.reason}`]);
  if (answer.duplicate) notes.push(["This message was sent before; nothing would change"]);
  if (answer.limited) notes.push(["A limit would hold part of it back"]);
  return notes;
}

function answerShown(answer) {
  const contact = answer.contact;
  const who = contact && NEW.test(contact.id) ? "a new contact" : whoOf(contact);
  const notes = notesOn(answer);
  return [
    make("p", { class: "verdict" },
      answer.rule ? make("span", { class: "rule" }, `Rule ${answer.rule}`) : null,
      make("strong", {}, OUTCOMES[answer.outcome] ?? answer.outcome)),
    make("p", {}, "Contact: ", who, " ", contact ? badgeOf(contact.kind) : null),
    notes.length ? make("ul", { class: "notes" }, notes.map((note) => make("li", {}, note))) : null,
    make("h2", {}, "How it was decided"),
    traceList(answer.trace ?? []),
    make("details", {}, make("summary", {}, "The answer as JSON"), make("pre", { tabindex: 0, "aria-label": "The answer as JSON" }, JSON.stringify(answer, null, 2))),
  ].filter(Boolean);
}

export function traceList(trace) {
  return make("ol", { class: "trace" }, trace.map((step) => make("li", {}, make("b", {}, step.step), ": ", withLinks(step.detail))));
}
