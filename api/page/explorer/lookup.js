// Who somebody may be: the search that the box and the forms share, and how those who were found are listed.

import { KEYS, badgeOf, call, hrefTo, iconOf, make, nameOf, shortId, whenOf } from "./dom.js";

const FOUND_BY = { ...KEYS, id: "contact id" };

export const foundBy = (names) => names.map((name) => FOUND_BY[name]).join(" and ");

/** Find the contacts behind what was typed; for forms that ask for one. */
export async function contactsFor(text) {
  const { items } = await call(`/v1/search?q=${encodeURIComponent(text)}`);
  return items;
}

export function ownerList(found) {
  return make("ul", { class: "cards owners" }, found.map(({ contact, note }) => make(
    "li", { class: "card row" },
    iconOf("other"),
    make("div", {},
      make("a", { href: hrefTo("contact", contact.id), class: "title" }, nameOf(contact)), " ", badgeOf(contact.kind),
      make("p", { class: "soft" }, make("span", { class: "mono", title: contact.id }, shortId(contact.id)), ` · ${note} · seen last `, whenOf(contact.last_occurred_at, contact.last_seen_at))),
  )));
}
