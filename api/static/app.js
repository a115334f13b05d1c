// The explorer page: looks contacts up and tries events as dry runs. Nothing is written without a preview.

import { contactCard } from "./contact.js";
import { KEYS, badgeOf, byId, call, hrefTo, keepAccessKey, linkTo, make, nameOf, pathOf, plural, problemBox, say } from "./dom.js";

const OUTCOMES = {
  created: "a new contact would be made",
  found: "it belongs to a contact that is there",
  claimed: "a contact that is there would become known",
  merged: "two contacts would turn out to be one",
  shared: "its subscription would be shared between two known contacts",
  ignored: "every key it carries is blocked, so nothing would be written",
};

function listOf(contacts) {
  return make(
    "div", { class: "card list" },
    make("h2", {}, `${plural(contacts.length, "contact")} own this subscription`),
    make("ul", {}, ...contacts.map((contact) => make(
      "li", {}, make("a", { href: hrefTo("contact", contact.id) }, nameOf(contact)), " ", badgeOf(contact.kind),
    ))),
  );
}

function nobody(key, value) {
  return make(
    "div", { class: "empty" },
    make("h1", {}, "Nobody"),
    make("p", {}, `No contact owns the ${KEYS[key]} `, make("code", {}, value), "."),
  );
}

const start = byId("result").firstElementChild;
let asked = 0;

/** Show what the address of the page says. */
async function show() {
  const turn = ++asked;
  const [, key, ...rest] = location.hash.split("/");
  let value = "";
  try {
    value = decodeURIComponent(rest.join("/"));
  } catch {
    value = rest.join("/");
  }
  const result = byId("result");
  if (!value || !(key in KEYS || key === "contact")) {
    result.replaceChildren(start);
    document.title = "Kinfold";
    return;
  }
  byId("key").value = key;
  byId("value").value = value;
  hint();
  result.setAttribute("aria-busy", "true");
  let shown;
  try {
    shown = await lookUp(key, value);
  } catch (problem) {
    shown = problemBox(problem);
    say(problem.detail ?? "Something went wrong");
  }
  if (turn !== asked) return;
  result.removeAttribute("aria-busy");
  const left = result.contains(document.activeElement) || document.activeElement === document.body;
  result.replaceChildren(shown);
  // A link that was followed is gone with what it stood in; reading goes on at the new result.
  if (left) result.focus();
  document.title = `${value} · Kinfold`;
}

async function lookUp(key, value) {
  if (key === "contact") {
    const contact = await call(pathOf(value));
    say(`Contact ${nameOf(contact)}`);
    return contactCard(contact);
  }
  const { items } = await call(`/v1/contacts?${key}=${encodeURIComponent(value)}`);
  say(`${plural(items.length, "contact")} found`);
  if (items.length === 0) return nobody(key, value);
  return items.length === 1 ? contactCard(items[0]) : listOf(items);
}

function eventFrom(form) {
  const event = {};
  for (const key of Object.keys(KEYS)) {
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

const ids = (contacts) => contacts.flatMap((id, index) => [index ? ", " : "", id ? linkTo("contact", id) : "the new contact"]);

function answerShown(answer) {
  const contact = answer.contact;
  const who = contact === null ? "nobody" : contact.id ? linkTo("contact", contact.id) : "a new contact";
  const rule = answer.rule ? `Rule ${answer.rule}: ` : "";
  const notes = notesOn(answer);
  return [
    make("p", { class: "verdict" },
      make("strong", {}, `${rule}${OUTCOMES[answer.outcome] ?? answer.outcome}`), ". Contact: ", who, " ",
      contact ? badgeOf(contact.kind) : null),
    notes.length ? make("ul", {}, ...notes.map((note) => make("li", {}, ...note))) : null,
    make("div", { class: "group" },
      make("h3", {}, "How it was decided"),
      make("ol", { class: "trace" }, ...(answer.trace ?? []).map((step) => make(
        "li", {}, make("b", {}, step.step), ": ", step.detail)))),
    make("details", {}, make("summary", {}, "The answer as JSON"), make("pre", {}, JSON.stringify(answer, null, 2))),
  ].filter(Boolean);
}

async function tryEvent(submitted) {
  submitted.preventDefault();
  const answer = byId("answer");
  try {
    const event = eventFrom(submitted.target);
    const found = await call("/v1/resolve?dry_run=true&explain=true", { method: "POST", body: event });
    answer.replaceChildren(...answerShown(found));
  } catch (problem) {
    answer.replaceChildren(problemBox(problem));
  }
}

function hint() {
  byId("value").placeholder = {
    email: "ana@example.com", tracker_id: "the cookie's value", subscription: "the push subscription's id",
    user_id: "42", contact: "the id in an answer",
  }[byId("key").value];
}

async function showState() {
  const state = byId("state");
  try {
    const { version } = await call("/ready");
    state.textContent = `ready, version ${version}`;
    state.classList.remove("away");
  } catch (problem) {
    state.textContent = problem.title;
    state.classList.add("away");
  }
}

byId("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const target = hrefTo(byId("key").value, byId("value").value.trim());
  if (location.hash === target) show();
  else location.hash = target;
});
byId("key").addEventListener("change", hint);
byId("try").addEventListener("submit", tryEvent);
byId("try").addEventListener("reset", () => byId("answer").replaceChildren());
document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    byId("value").select();
  }
});
byId("access").addEventListener("submit", (event) => {
  event.preventDefault();
  keepAccessKey(byId("access-key").value.trim());
  byId("access-key").value = "";
  byId("access").hidden = true;
  show();
});
// Something was written to a contact: go on with the contact, whatever key led to it before.
addEventListener("kinfold:changed", ({ detail }) => {
  if (location.hash === hrefTo("contact", detail)) show();
  else location.hash = hrefTo("contact", detail);
});
addEventListener("hashchange", () => { if (location.hash.startsWith("#/")) show(); });
show();
showState();
