// One box for everything: what was typed is tried as an id and as every kind of key.

import { KEYS, byId, call, emptyBox, hrefTo, iconOf, make, nameOf, plural, say } from "./dom.js";
import { contactView } from "./contact.js";
import { foundBy, ownerList } from "./lookup.js";
import { peopleTable, personRow } from "./people.js";

export async function searchView(text = "") {
  byId("query").value = text;
  const { items, next, similar } = await call(`/v1/search?q=${encodeURIComponent(text)}&limit=50`);
  if (items.length === 0) return nobody(text, similar, similar.length ? [] : await peopleLike(text));
  if (items.length > 1) return several(text, items, next);
  const [{ found_by: names, contact }] = items;
  say(`Found by ${foundBy(names)}: ${nameOf(contact)}`);
  const key = names.find((name) => name !== "id");
  return contactView(contact.id, "", "", {
    contact,
    select: key ? `${key}:${text}` : null,
    note: [
      "Found by ", make("strong", {}, foundBy(names)), ": ", make("span", { class: "mono" }, text), ".",
      contact.redirected_from ? " That id was folded into this contact." : null,
    ],
  });
}

function several(text, items, next) {
  say(`${plural(items.length, "contact")} found`);
  return make(
    "div", { class: "view", "data-title": text },
    make("h1", {}, `${plural(items.length, "contact")}${next ? " and more" : ""} for `, make("span", { class: "mono" }, text)),
    make("p", { class: "lead" }, `They all own it, or it is a key of more than one kind.`),
    ownerList(items.map(({ contact, found_by: names }) => ({ contact, note: `found by ${foundBy(names)}` }))),
  );
}

/** People with this in a name, a property or a part of a key; a longer text is no name. */
async function peopleLike(text) {
  try {
    return (await call(`/v1/contacts?limit=${FEW}&q=${encodeURIComponent(text)}`)).items;
  } catch {
    return [];
  }
}

const FEW = 25;

/** Nobody owns it as a key: people whose name or properties hold it. */
function byName(text, people) {
  say(`${plural(people.length, "person", "people")} found`);
  const rows = make("tbody", {}, people.map(personRow));
  return make(
    "div", { class: "view", "data-title": text },
    make("h1", {}, plural(people.length, "person", "people"), people.length === FEW ? " and more" : "", " with ", make("span", { class: "mono" }, text), " in a name, a property or a key"),
    peopleTable(rows),
    make("p", {}, make("a", { href: hrefTo("people", new URLSearchParams({ q: text }).toString()) }, "Filter and order them")),
  );
}

function nobody(text, similar, people) {
  if (people.length) return byName(text, people);
  say(similar.length ? `Nobody; ${plural(similar.length, "key")} begin so` : "Nobody found");
  const box = emptyBox("Nobody", "No contact owns ", make("code", {}, text), ", and it is no contact's id.");
  if (similar.length === 0) {
    box.append(make("p", {}, "Try the whole email or the whole value of the cookie, or what it begins with."));
    return make("div", { class: "view", "data-title": text }, make("h1", { class: "unseen" }, "Nobody found"), box);
  }
  return make(
    "div", { class: "view", "data-title": text },
    make("h1", {}, "Beginning with ", make("span", { class: "mono" }, text)),
    make("p", { class: "lead" }, "Nobody owns exactly this; these keys begin so. ",
      make("a", { href: hrefTo("people", new URLSearchParams({ q: text }).toString()) }, "Look for it in names and properties")),
    make("ul", { class: "cards" }, similar.map(({ key, value, contacts }) => make(
      "li", { class: "card row" },
      iconOf(key),
      make("div", {}, make("a", { href: hrefTo(key, value), class: "mono" }, value),
        make("p", { class: "soft" }, KEYS[key], contacts > 1 ? `, shared by ${contacts} contacts` : "")),
    ))),
  );
}
