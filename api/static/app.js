// The explorer page: looks contacts up and tries events as dry runs. It writes nothing.
"use strict";

const KEYS = { email: "email", tracker_id: "tracker", subscription: "subscription", user_id: "user id" };
const NAMES = ["_name", "name", "_first_name", "first_name", "firstName"];
const PAGE = 25;
const OUTCOMES = {
  created: "a new contact would be made",
  found: "it belongs to a contact that is there",
  claimed: "a contact that is there would become known",
  merged: "two contacts would turn out to be one",
  shared: "its subscription would be shared between two known contacts",
  ignored: "every key it carries is blocked, so nothing would be written",
};

const byId = (id) => document.getElementById(id);

/** Make an element; text never becomes markup. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** Call the API; a problem document is thrown as it is. */
async function call(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw { title: "The server cannot be reached", detail: "Is `kinfold serve` still running?", errors: [] };
  }
  const text = await response.text();
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    body = { title: "The answer is not JSON", detail: `Status ${response.status}`, errors: [], status: response.status };
  }
  if (!response.ok) throw body;
  return body;
}

const say = (text) => { byId("live").textContent = text; };
const hrefTo = (key, value) => `#/${key}/${encodeURIComponent(value)}`;
const linkTo = (key, value) => make("a", { href: hrefTo(key, value), class: "mono" }, value);
const plural = (count, one, many = `${one}s`) => `${count.toLocaleString()} ${count === 1 ? one : many}`;
const inWords = (value) => (typeof value === "string" ? value : JSON.stringify(value));

function timeOf(value) {
  if (!value) return make("span", { class: "none" }, "never");
  const date = new Date(value);
  const shown = Number.isNaN(date.getTime())
    ? value
    : date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  return make("time", { datetime: value, title: value }, shown);
}

function problemBox(problem) {
  const errors = problem.errors ?? [];
  const box = make("div", { class: "bad", role: "alert" }, make("strong", {}, problem.title ?? "Something went wrong"));
  if (errors.length === 0) box.append(make("div", {}, problem.detail ?? String(problem)));
  else box.append(make("ul", {}, ...errors.map((error) => make("li", {}, error.field ? `${error.field}: ${error.message}` : error.message))));
  return box;
}

function nameOf(contact) {
  const property = NAMES.find((name) => contact.properties?.[name]);
  if (property) return inWords(contact.properties[property]);
  return contact.email ?? contact.user_ids?.[0] ?? (contact.kind === "known" ? "Known, without a name" : "Anonymous visitor");
}

const badgeOf = (kind) => make("span", { class: `badge ${kind}` }, kind);

function group(title, items, shown, none = "none") {
  return make(
    "div", { class: "group" },
    make("h3", {}, title),
    items.length === 0
      ? make("p", { class: "none" }, none)
      : make("ul", {}, ...items.map((item) => make("li", {}, ...[shown(item)].flat()))),
  );
}

function sharedWith(subscription) {
  const owner = linkTo("subscription", subscription.id);
  if (subscription.shared_with.length === 0) return owner;
  const others = subscription.shared_with.flatMap((id, index) => [index ? ", " : "", linkTo("contact", id)]);
  return [owner, make("span", { class: "shared" }, "shared with ", ...others)];
}

function propertiesTable(properties) {
  const rows = Object.entries(properties).sort(([one], [other]) => (one < other ? -1 : 1));
  if (rows.length === 0) return make("p", { class: "none" }, "none");
  return make(
    "div", { class: "scroll" },
    make("table", {}, make("tbody", {}, ...rows.map(([name, value]) => make(
      "tr", {}, make("th", { scope: "row" }, name), make("td", {}, inWords(value)),
    )))),
  );
}

function copyButton(id) {
  const button = make("button", { type: "button", class: "quiet small" }, "Copy id");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(id);
      button.textContent = "Copied";
      say("Contact id copied");
    } catch {
      button.textContent = "Not allowed here";
    }
  });
  return button;
}

function contactCard(contact) {
  const segments = contact.segments ?? [];
  const workflows = contact.workflows ?? [];
  return make(
    "article", { class: "card contact", "aria-label": nameOf(contact) },
    contact.redirected_from
      ? make("p", { class: "note" }, "The id ", make("code", {}, contact.redirected_from), " was folded into this contact.")
      : null,
    make("div", { class: "who" },
      make("h1", {}, nameOf(contact)), badgeOf(contact.kind), copyButton(contact.id),
      make("span", { class: "mono" }, contact.id)),
    make("div", { class: "groups" },
      group("Emails", contact.emails, (email) => linkTo("email", email)),
      group("User ids", contact.user_ids, (id) => linkTo("user_id", id)),
      group("Trackers (browsers)", contact.trackers, (id) => linkTo("tracker_id", id)),
      group("Push subscriptions", contact.subscriptions, sharedWith),
      group("Folded into it", contact.merged_from, (id) => linkTo("contact", id), "nothing"),
      make("div", { class: "group" },
        make("h3", {}, "Seen"),
        make("p", {}, "first ", timeOf(contact.created_at)), make("p", {}, "last ", timeOf(contact.last_seen_at))),
      segments.length ? group("Segments", segments, (segment) => inWords(segment.name ?? segment)) : null,
      workflows.length ? group("Workflows", workflows, (workflow) => inWords(workflow.name ?? workflow)) : null),
    make("div", { class: "group" }, make("h3", {}, "Properties"), propertiesTable(contact.properties)),
    activityOf(contact.id),
  );
}

function activityRow(item) {
  return make(
    "tr", {},
    make("td", {}, timeOf(item.occurred_at)),
    make("td", {}, make("strong", {}, item.event)),
    make("td", {}, item.tracker_id ? linkTo("tracker_id", item.tracker_id) : ""),
    make("td", {}, [item.outcome, item.rule ? `rule ${item.rule}` : null].filter(Boolean).join(", ")),
    make("td", {}, Object.entries(item.event_properties ?? {}).map(([name, value]) => `${name}: ${inWords(value)}`).join("; ")),
  );
}

function activityOf(id) {
  const rows = make("tbody");
  const heads = ["When", "Event", "Tracker", "Resolved as", "Details"];
  const more = make("button", { type: "button", class: "quiet", hidden: true }, "Show more");
  const state = make("p", { class: "none" }, "Loading …");
  let cursor = null;

  async function load() {
    more.disabled = true;
    try {
      const after = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
      const page = await call(`/v1/contacts/${encodeURIComponent(id)}/activity?limit=${PAGE}${after}`);
      rows.append(...page.items.map(activityRow));
      cursor = page.next;
      more.hidden = cursor === null;
      state.textContent = rows.childElementCount ? "" : "none";
      say(`${plural(rows.childElementCount, "activity", "activities")} shown`);
    } catch (problem) {
      state.replaceChildren(problemBox(problem));
    }
    more.disabled = false;
  }

  more.addEventListener("click", load);
  load();
  return make(
    "section", { class: "group", "aria-label": "Activity" },
    make("h3", {}, "Activity, newest first"),
    make("div", { class: "scroll" },
      make("table", { class: "activity" },
        make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))), rows)),
    state, more,
  );
}

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
    const contact = await call(`/v1/contacts/${encodeURIComponent(value)}`);
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
    const found = await call("/v1/resolve?dry_run=true&explain=true", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(event),
    });
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
addEventListener("hashchange", () => { if (location.hash.startsWith("#/")) show(); });
show();
showState();
