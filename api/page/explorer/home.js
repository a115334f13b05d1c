// Where one starts: what one can ask, and what happened last.

import { byId, hrefTo, loading, make, call, problemBox } from "./dom.js";
import { anomalyLine } from "./findings.js";
import { unionLine } from "./unions.js";

export function homeView() {
  byId("query").value = "";
  const found = make("div", {}, loading());
  const unions = make("div", {}, loading());
  fill(found, "/v1/anomalies?limit=5", anomalyLine, "Nothing looks wrong.");
  fill(unions, "/v1/merges?limit=8", unionLine, "No two contacts were folded into one yet.");
  return make(
    "div", { class: "view home" },
    make("section", { class: "hero" },
      make("h1", {}, "Who is it?"),
      make("p", {}, "Give an email, a tracker, a push subscription, a user id or a contact's id, and see the one person behind it: every key, what was folded into it and why, and what it did. Looking writes nothing; ", make("kbd", {}, "/"), " leads to the box from anywhere.")),
    make("div", { class: "columns" },
      make("div", { class: "stack" },
        make("section", { class: "card" }, make("h2", {}, "What looks wrong"), found,
          make("p", {}, make("a", { href: hrefTo("anomalies") }, "All anomalies"))),
        make("section", { class: "card" }, make("h2", {}, "The same person?"),
          make("p", {}, "Name two keys and read step by step, by which events and rules, they came to be one person's."),
          make("p", {}, make("a", { href: hrefTo("why") }, "Ask why"))),
        make("section", { class: "card" }, make("h2", {}, "What if …"),
          make("p", {}, "Type an event and see which row of the table would decide, and from which facts. Nothing is written."),
          make("p", {}, make("a", { href: hrefTo("try") }, "Try an event")))),
      make("section", { class: "card" }, make("h2", {}, "Latest unions"), unions,
        make("p", {}, make("a", { href: hrefTo("unions") }, "The journal")))),
  );
}

async function fill(place, path, shown, none) {
  try {
    const { items } = await call(path);
    place.replaceChildren(items.length ? make("ul", { class: "lines" }, items.map(shown)) : make("p", { class: "none" }, none));
  } catch (problem) {
    place.replaceChildren(problemBox(problem));
  }
}
