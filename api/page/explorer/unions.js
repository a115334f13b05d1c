// The journal of unions: who was folded into whom, by which rule or by hand, and taken back.

import { contactLink, emptyBox, make, pagedList, timeOf } from "./dom.js";
import { unmergeButton } from "./hands.js";

const reason = ({ rule, message_id: message }) => (rule ? `rule ${rule}, event ${message}` : "by hand");

export function unionLine(union) {
  return make(
    "li", {},
    make("span", {}, contactLink(union.source), " → ", contactLink(union.target)),
    make("span", { class: "soft" }, `${reason(union)}, `, timeOf(union.at), union.undone_at ? " · undone" : ""),
  );
}

export function unionsView() {
  const list = make("ul", { class: "cards" });
  const shown = (union) => make(
    "li", { class: `card row${union.undone_at ? " undone" : ""}` },
    make("div", {},
      make("p", {}, contactLink(union.source), " was folded into ", contactLink(union.target)),
      make("p", { class: "soft" }, timeOf(union.at), `, ${reason(union)}`,
        union.undone_at ? [" · undone ", timeOf(union.undone_at)] : null),
      union.undone_at ? null : unmergeButton(union.target, union.id)),
  );
  return make(
    "div", { class: "view" },
    make("h1", {}, "Unions"),
    make("p", { class: "lead" }, "Every time two contacts proved to be one person, newest first. Each can be taken back exactly, at any time later."),
    list,
    pagedList({
      path: "/v1/merges", size: 25, into: list, shown, noun: ["union"],
      none: emptyBox("No unions yet", "Two contacts are folded into one when an event proves them to be one person, or by hand on a contact's page."),
    }),
  );
}
