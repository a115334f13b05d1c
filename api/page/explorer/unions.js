// The journal of unions: who was folded into whom, by which rule or by hand, and taken back.

import { KEYS, call, contactLink, emptyBox, hrefTo, linkTo, make, pagedList, timeOf, whenOf } from "./dom.js";
import { refoldButton, unmergeButton } from "./hands.js";

const reason = ({ rule, message_id: message }) => (rule ? `rule ${rule}, event ${message}` : "by hand");

export function unionLine(union) {
  return make(
    "li", {},
    make("span", {}, contactLink(union.source), " → ", contactLink(union.target)),
    make("span", { class: "soft" }, `${reason(union)}, `, whenOf(union.occurred_at, union.at), union.undone_at ? " · undone" : ""),
  );
}

function unionCard(union) {
  return make(
    "li", { class: `card row${union.undone_at ? " undone" : ""}` },
    make("div", {},
      make("p", {}, contactLink(union.source), " was folded into ", contactLink(union.target)),
      make("p", { class: "soft" }, whenOf(union.occurred_at, union.at), `, ${reason(union)}`,
        union.undone_at ? [" · undone ", timeOf(union.undone_at)] : null),
      union.undone_at ? refoldButton(union.id, { entry: union }) : unmergeButton(union.target, union.id)),
  );
}

/** The journal; with a key, the unions that it went along with and that stand; with an id, that one. */
export async function unionsView(key = "", value = "") {
  const all = make("p", {}, make("a", { href: hrefTo("unions") }, "All unions"));
  if (key === "id") {
    const union = await call(`/v1/merges/${encodeURIComponent(value)}`);
    return make("div", { class: "view", "data-title": "A union" }, make("h1", {}, "A union"), all, make("ul", { class: "cards" }, unionCard(union)));
  }
  const list = make("ul", { class: "cards" });
  return make(
    "div", { class: "view" },
    make("h1", {}, "Unions", key ? [" with the ", KEYS[key] ?? key, " ", linkTo(key, value)] : null),
    make("p", { class: "lead" }, key
      ? "The unions that went along with this key and stand. What it tied together by mistake is taken back here, one by one."
      : "Every time two contacts proved to be one person, in the order in which that was found, the latest first. Each can be taken back exactly, at any time later."),
    key ? all : null,
    list,
    pagedList({
      path: "/v1/merges", query: key ? `&${key}=${encodeURIComponent(value)}` : "", size: 25, into: list, shown: unionCard, noun: ["union"],
      none: emptyBox("No unions yet", "Two contacts are folded into one when an event proves them to be one person, or by hand on a contact's page."),
    }),
  );
}
