// Why two keys are one person's: the way from the one to the other, step by step and in the drawing.

import { ALWAYS, KEYS, badgeOf, call, contactLink, hrefTo, isSubscription, make, nameOf, pathOf, problemBox, say, withLinks } from "./dom.js";
import { graphView } from "./graph.js";
import { unmergeButton } from "./hands.js";
import { contactsFor } from "./lookup.js";

/** List a contact's keys as [kind, value]. */
export function keysOf(contact) {
  return [
    ...contact.emails.map((value) => ["email", value]),
    ...contact.user_ids.map((value) => ["user_id", value]),
    ...contact.trackers.map((value) => ["tracker_id", value]),
    ...contact.subscriptions.map(({ id, namespace = "subscription" }) => [namespace, id]),
    ...Object.entries(contact.keys ?? {}).flatMap(([name, values]) => (ALWAYS.includes(name) || isSubscription(name) ? [] : values.map((value) => [name, value]))),
  ];
}

/** Read what was typed: `email:ana@example.com`, or a value alone. */
function parsed(text) {
  const [, kind, value] = /^([a-z][a-z0-9_]*):(.+)$/s.exec(text) ?? [];
  return kind in KEYS ? { kind, value } : { kind: undefined, value: text };
}

export function whyView(from = "", to = "") {
  return make(
    "div", { class: "view" },
    make("h1", {}, "The same person?"),
    make("p", { class: "lead" }, "Name any two keys. If one contact owns both, here is step by step how they came together; if not, whose they are."),
    whyForm({ from, to, options: [], go: (one, other) => { location.hash = hrefTo("why", one, other); } }),
  );
}

/** The same question among the keys of one contact. */
export function whyOf(contact, from) {
  const keys = keysOf(contact);
  if (keys.length < 2) return make("div", { class: "card" }, make("p", { class: "none" }, "It owns a single key; there is nothing to tie."));
  const options = keys.map(([kind, value]) => `${kind}:${value}`);
  return whyForm({ from: from ?? options[0], to: options.findLast((option) => option !== (from ?? options[0])), options, contact });
}

function whyForm({ from, to, options, contact, go }) {
  const told = make("div", { class: "told", "aria-live": "polite" });
  const list = options.length ? make("datalist", { id: "own-keys" }, options.map((option) => make("option", { value: option }))) : null;
  const input = (name, label, value) => make("label", {}, label, make("input", {
    name, value, required: true, autocomplete: "off", autocapitalize: "none", spellcheck: "false", list: list ? "own-keys" : null,
    placeholder: "ana@example.com, or tracker_id:t1",
  }));
  const form = make(
    "form", { class: "fields pair" }, input("from", "This key", from), input("to", "and this one", to), list,
    make("div", { class: "wide actions" }, make("button", { type: "submit" }, "Tell why")),
  );
  const tell = async () => {
    try {
      told.replaceChildren(...await answerTo(form.elements.from.value.trim(), form.elements.to.value.trim(), contact));
    } catch (problem) {
      told.replaceChildren(problemBox(problem, { again: tell }));
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = [form.elements.from.value.trim(), form.elements.to.value.trim()];
    if (go && (wanted[0] !== from || wanted[1] !== to)) go(...wanted);
    else tell();
  });
  if (go && from && to) tell();
  return make("div", { class: "told" }, make("div", { class: "card" }, form), told);
}

async function ownersOf(text) {
  const { kind, value } = parsed(text);
  const found = await contactsFor(value);
  const owners = found
    .map(({ contact, found_by: names }) => ({ contact, kind: kind ?? names.find((name) => name !== "id") }))
    .filter((owner, index) => (kind ? found[index].found_by.includes(kind) : owner.kind));
  return { text, value, owners };
}

async function answerTo(from, to, contact) {
  if (contact && parsed(from).kind && parsed(to).kind) return pathShown(contact, from, to);
  const [one, other] = await Promise.all([ownersOf(from), ownersOf(to)]);
  const both = one.owners.find(({ contact: { id } }) => other.owners.some((owner) => owner.contact.id === id));
  if (both) {
    const second = other.owners.find((owner) => owner.contact.id === both.contact.id);
    return pathShown(both.contact, `${both.kind}:${one.value}`, `${second.kind}:${other.value}`);
  }
  say("Not the same person");
  return [make("div", { class: "card" },
    make("h2", {}, one.owners.length && other.owners.length ? "No: they belong to different contacts" : "Nobody owns both"),
    make("ul", { class: "notes" }, [one, other].map(({ value, owners }) => make(
      "li", {}, make("span", { class: "mono" }, value), owners.length ? " is owned by " : " is nobody's.",
      owners.flatMap((owner, index) => [index ? " and by " : "", contactLink(owner.contact.id, nameOf(owner.contact)), " ", badgeOf(owner.contact.kind)]),
    ))))];
}

async function pathShown(contact, from, to) {
  const ends = { from, to };
  const { path } = await call(pathOf(contact.id, `/graph?${new URLSearchParams({ ...ends, limit: 1 })}`));
  say(`The same person, in ${path.length} steps`);
  const words = (key) => { const { kind, value } = parsed(key); return `${KEYS[kind]} ${value}`; };
  return [
    make("div", { class: "card" },
      make("h2", {}, "Yes: both are ", contactLink(contact.id, nameOf(contact)), "’s"),
      make("p", { class: "soft" }, `From the ${words(from)} to the ${words(to)}:`),
      make("ol", { class: "steps" }, path.map((step) => make(
        "li", {}, make("p", {}, withLinks(step.words, contact.id)), step.merge ? unmergeButton(contact.id, step.merge) : null,
      )))),
    graphView(contact, { ends }),
  ];
}
