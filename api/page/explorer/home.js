// Where one starts: what one can ask, and what happened last.

import { byId, hrefTo, loading, make, makeSvg, call, problemBox } from "./dom.js";
import { anomalyLine } from "./findings.js";
import { unionLine } from "./unions.js";

export function homeView() {
  // Not under the hands of somebody who types already: the page shows once it knows the namespaces.
  if (document.activeElement !== byId("query")) byId("query").value = "";
  const found = make("div", {}, loading());
  const unions = make("div", {}, loading());
  const figures = make("div", {}, loading());
  overview(figures);
  fill(found, "/v1/anomalies?limit=5", anomalyLine, "Nothing looks wrong.");
  fill(unions, "/v1/merges?limit=8", unionLine, "No two contacts were folded into one yet.");
  return make(
    "div", { class: "view home" },
    make("section", { class: "hero" },
      make("h1", {}, "Who is it?"),
      make("p", {}, "Give an email, a tracker, a push subscription, a user id or a contact's id, and see the one person behind it: every key, what was folded into it and why, and what it did. Looking writes nothing; ", make("kbd", {}, "/"), " leads to the box from anywhere.")),
    figures,
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
    place.replaceChildren(problemBox(problem, { again: () => { place.replaceChildren(loading()); fill(place, path, shown, none); } }));
  }
}

const figure = (words, number, href, more) => make(
  "li", { class: "card figure" },
  make("a", { href }, make("b", {}, number), " ", words), more ? make("p", { class: "soft" }, more) : null);

/** The figures of the whole graph; each leads to its list. */
async function overview(place) {
  try {
    const { contacts, deduplication, events, unions, days, rules, findings } = await call("/v1/overview");
    const number = (value) => value.toLocaleString();
    const today = days.at(-1);
    place.replaceChildren(
      make("ul", { class: "figures" },
        figure("known", number(contacts.known), hrefTo("people", "kind=known"), `of ${number(contacts.total)} people`),
        figure("anonymous", number(contacts.anonymous), hrefTo("people", "kind=anonymous")),
        figure("keys a person", (deduplication.keys_a_contact ?? 0).toLocaleString(undefined, { maximumFractionDigits: 1 }), hrefTo("people", "sort=keys"), `${number(deduplication.folded)} contacts were folded`),
        figure(findings.open === 1 ? "open finding" : "open findings", number(findings.open), hrefTo("anomalies")),
        make("li", { class: "card figure wide" }, make("p", {}, make("b", {}, number(today.events)), " events today, ", number(events.in_days), " in 30 days"), bars(days, "events"),
          make("details", {}, make("summary", {}, "By rule"), make("ul", { class: "lines" }, rules.map(({ rule, events: of }) => make("li", {}, make("span", {}, `rule ${rule}`), make("span", { class: "soft" }, number(of))))))),
        make("li", { class: "card figure wide" }, make("p", {}, make("a", { href: hrefTo("unions") }, make("b", {}, number(today.unions)), " unions today"), `, ${number(unions.in_days)} in 30 days`), bars(days, "unions"))),
    );
  } catch (problem) {
    place.replaceChildren(problemBox(problem, { again: () => { place.replaceChildren(loading()); overview(place); } }));
  }
}

/** One bar a day, the oldest first. */
function bars(days, of) {
  const most = Math.max(1, ...days.map((day) => day[of]));
  return makeSvg(
    "svg", { class: "bars", viewBox: `0 0 ${days.length * 10} 40`, preserveAspectRatio: "none", role: "img", "aria-label": `${of} of the last ${days.length} days, at most ${most} a day` },
    days.map((day, turn) => makeSvg(
      "rect", { x: turn * 10 + 1, width: 8, y: 40 - Math.max(day[of] ? 1.5 : 0.5, 38 * day[of] / most), height: 40 },
      makeSvg("title", {}, `${day.day}: ${day[of]}`))),
  );
}
