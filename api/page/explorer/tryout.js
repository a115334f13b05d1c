// An event as typed, resolved as a dry run: the answer is the real one, and nothing is written.

import { KEYS, badgeOf, call, contactLink, make, problemBox, say, withLinks } from "./dom.js";

const OUTCOMES = {
  created: "a new contact would be made",
  found: "it belongs to a contact that is there",
  claimed: "a contact that is there would become known",
  merged: "two contacts would turn out to be one",
  shared: "its subscription would be shared between two known contacts",
  ignored: "every key it carries is blocked, so nothing would be written",
};
const HINTS = { email: "ana@example.com", tracker_id: "the cookie's value", subscription: "the push subscription's id", user_id: "42" };

export function tryView() {
  const answer = make("section", { class: "answer", "aria-live": "polite", "aria-label": "The answer" },
    make("p", { class: "none" }, "The answer and how it was decided come here."));
  const text = (name, label, placeholder) => make("label", {}, label, make("input", { name, placeholder, autocomplete: "off", autocapitalize: "none", spellcheck: "false" }));
  const json = (name, label, placeholder) => make("label", { class: "wide" }, label, make("textarea", { name, rows: 2, spellcheck: "false", placeholder }));
  const form = make(
    "form", { class: "fields", id: "try", "aria-label": "An event" },
    Object.entries(KEYS).map(([key, words]) => text(key, words[0].toUpperCase() + words.slice(1), HINTS[key])),
    text("event", "Event", "page_view"), text("occurred_at", "Occurred at", "now, or 2026-11-22T10:00:00Z"),
    json("properties", "Properties, as JSON", '{"_name": "Ana"}'),
    make("div", { class: "wide actions" },
      make("button", { type: "submit" }, "Dry run"),
      make("button", { type: "reset", class: "quiet" }, "Clear")),
  );
  form.addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    try {
      const found = await call("/v1/resolve?dry_run=true&explain=true", { method: "POST", body: eventFrom(form) });
      answer.replaceChildren(...answerShown(found));
      say(`Rule ${found.rule ?? "none"}, ${found.outcome}`);
    } catch (problem) {
      answer.replaceChildren(problemBox(problem));
    }
  });
  form.addEventListener("reset", () => answer.replaceChildren(make("p", { class: "none" }, "The answer and how it was decided come here.")));
  return make(
    "div", { class: "view" },
    make("h1", {}, "What if …"),
    make("p", { class: "lead" }, "Say what an event carries. It is resolved as a dry run: the answer is the real one, and nothing is written."),
    make("div", { class: "columns" }, make("div", { class: "card" }, form), make("div", { class: "card" }, answer)),
  );
}

function eventFrom(form) {
  const event = {};
  for (const key of [...Object.keys(KEYS), "event", "occurred_at"]) {
    const value = form.elements[key].value;
    if (value !== "") event[key] = value;
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

const ids = (contacts) => contacts.flatMap((id, index) => [index ? ", " : "", id ? contactLink(id) : "the new contact"]);

function notesOn(answer) {
  const notes = [];
  if (answer.merged.length) notes.push(["Folded in: ", ...ids(answer.merged)]);
  if (answer.shared_with.length) notes.push(["Its subscription is shared with: ", ...ids(answer.shared_with)]);
  for (const moved of answer.moved) notes.push([`The ${KEYS[moved.key]} ${moved.value} leaves `, ...ids([moved.from])]);
  for (const conflict of answer.conflicts) notes.push([`Its ${KEYS[conflict.key]} stays with `, ...ids([conflict.owner])]);
  for (const ignored of answer.ignored) notes.push([`Its ${KEYS[ignored.key]} counts as absent: it is ${ignored.reason}`]);
  if (answer.duplicate) notes.push(["This message was sent before; nothing would change"]);
  if (answer.limited) notes.push(["A limit would hold part of it back"]);
  return notes;
}

function answerShown(answer) {
  const contact = answer.contact;
  const who = contact === null ? "nobody" : contact.id ? contactLink(contact.id, contact.id) : "a new contact";
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
