// The journal of unions: who was folded into whom, by which rule or by hand, and taken back.

import { KEYS, agoOf, call, contactLink, emptyBox, headOf, hrefTo, linkTo, make, pagedList } from "./dom.js";
import { refoldButton, unmergeButton } from "./hands.js";

const reason = ({ rule, message_id: message }) => (rule ? `rule ${rule}, event ${message}` : "by hand");

export function unionLine(union) {
  return make(
    "li", {},
    make("span", {}, contactLink(union.source), " → ", contactLink(union.target)),
    make("span", { class: "soft" }, agoOf(union.occurred_at ?? union.at, union.at), `, ${reason(union)}`, union.undone_at ? " · undone" : ""),
  );
}

/** A row of the journal, and beneath it the place for the preview of what takes it back. */
function unionRows(union) {
  const place = make("div", { class: "place" });
  return [
    make("tr", { class: union.undone_at ? "undone" : null },
      make("td", {}, agoOf(union.occurred_at ?? union.at, union.at)),
      make("td", {}, contactLink(union.source)),
      make("td", {}, contactLink(union.target)),
      make("td", { class: "cut", title: reason(union) }, reason(union)),
      make("td", {}, union.undone_at ? ["undone ", agoOf(union.undone_at)] : "stands"),
      make("td", {}, union.undone_at ? refoldButton(union.id, { entry: union, place }) : unmergeButton(union.target, union.id, { place }))),
    make("tr", { class: "below" }, make("td", { colspan: 6 }, place)),
  ];
}

function unionTable(rows) {
  return make("div", { class: "wide-table", tabindex: 0, role: "region", "aria-label": "Unions" },
    make("table", { class: "list" },
      make("thead", {}, make("tr", {}, ["When", "Folded", "Into", "Why", "State", ""].map((head) => headOf(head)))), rows));
}

/** The journal; with a key, the unions that it went along with and that stand; with an id, that one. */
export async function unionsView(key = "", value = "") {
  const all = make("p", {}, make("a", { href: hrefTo("unions") }, "All unions"));
  if (key === "id") {
    const union = await call(`/v1/merges/${encodeURIComponent(value)}`);
    return make("div", { class: "view", "data-title": "A union" }, make("h1", {}, "A union"), all, unionTable(make("tbody", {}, unionRows(union))));
  }
  const rows = make("tbody");
  return make(
    "div", { class: "view" },
    make("h1", {}, "Unions", key ? [" with the ", KEYS[key] ?? key, " ", linkTo(key, value)] : null),
    make("p", { class: "lead" }, key
      ? "The unions that went along with this key and stand. What it tied together by mistake is taken back here, one by one."
      : "Every time two contacts proved to be one person, in the order in which that was found, the latest first. Each can be taken back exactly, at any time later."),
    key ? all : null,
    unionTable(rows),
    pagedList({
      path: "/v1/merges", query: key ? `&${key}=${encodeURIComponent(value)}` : "", size: 50, into: rows, shown: unionRows, noun: ["union"],
      none: emptyBox("No unions yet", "Two contacts are folded into one when an event proves them to be one person, or by hand on a contact's page."),
    }),
  );
}
