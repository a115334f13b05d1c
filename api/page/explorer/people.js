// Everybody as a table: by parts of words, filters and order, more on demand, all of it as CSV.

import { accessHeaders, agoOf, badgeOf, call, emptyBox, hrefTo, make, pagedList, problemBox, say } from "./dom.js";

const SORTS = { last_seen: "Seen last", created: "Newest", keys: "Most keys", unions: "Most unions", "-last_seen": "Not seen for longest", "-created": "Oldest" };
const KINDS = { "": "Everybody", known: "Known", anonymous: "Anonymous" };

const count = (contact) => Object.values(contact.keys).reduce((total, values) => total + values.length, 0);

export function personRow(contact) {
  return make(
    "tr", {},
    make("td", { class: "first" }, make("a", { href: hrefTo("contact", contact.id), title: contact.id }, contact.name)),
    make("td", {}, badgeOf(contact.kind)),
    make("td", { class: "cut", title: contact.email ?? "" }, contact.email ?? make("span", { class: "none" }, "—")),
    make("td", { class: "number" }, count(contact).toLocaleString()),
    make("td", { class: "number" }, contact.merged_from.length.toLocaleString()),
    make("td", {}, agoOf(contact.last_seen_at)),
    make("td", {}, agoOf(contact.created_at)),
  );
}

const HEADS = [["Name"], ["Kind"], ["Email"], ["Keys", "number"], ["Unions", "number"], ["Seen"], ["Made"]];

export function peopleTable(rows) {
  return make("div", { class: "wide-table", tabindex: 0, role: "region", "aria-label": "People" },
    make("table", { class: "list" },
      make("thead", {}, make("tr", {}, HEADS.map(([head, kind]) => make("th", { scope: "col", class: kind }, head)))), rows));
}

const option = (value, words, chosen) => make("option", { value, selected: value === chosen }, words);
const chooser = (label, name, options, chosen) => make("label", {}, label, make("select", { name }, options.map(([value, words]) => option(value, words, chosen))));

/** What there is to filter by; a list that cannot be read leaves its filter out. */
async function named(path) {
  try {
    return (await call(path)).items.map(({ name }) => name);
  } catch {
    return [];
  }
}

async function download(query, button) {
  button.disabled = true;
  try {
    const response = await fetch(`/v1/contacts?${query}`, { headers: { Accept: "text/csv", ...accessHeaders() } });
    if (!response.ok) throw await response.json();
    const url = URL.createObjectURL(await response.blob());
    make("a", { href: url, download: "people.csv" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    say("The table was saved");
  } catch (problem) {
    button.after(problemBox(problem));
  }
  button.disabled = false;
}

export async function peopleView(asked = "") {
  const query = new URLSearchParams(asked);
  const [namespaces, segments] = await Promise.all([named("/v1/namespaces"), named("/v1/segments?limit=1000")]);
  const value = (name) => query.get(name) ?? "";
  const form = make(
    "form", { class: "card fields filters", role: "search", "aria-label": "Filter people" },
    make("label", {}, "Part of a name, a property or a key", make("input", { name: "q", type: "search", value: value("q"), maxlength: 1024, autocomplete: "off", spellcheck: "false", placeholder: "chlo" })),
    chooser("Kind", "kind", Object.entries(KINDS), value("kind")),
    chooser("Has a key", "has", [["", "Any"], ...namespaces.map((name) => [name, name])], value("has")),
    segments.length ? chooser("In the segment", "segment", [["", "Any"], ...segments.map((name) => [name, name])], value("segment")) : null,
    chooser("Order", "sort", Object.entries(SORTS), value("sort") || "last_seen"),
    make("div", { class: "actions" }, make("button", { type: "submit" }, "Show")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = new URLSearchParams([...new FormData(form)].filter(([name, text]) => text && !(name === "sort" && text === "last_seen")));
    location.hash = wanted.size ? hrefTo("people", wanted.toString()) : hrefTo("people");
  });
  for (const select of form.querySelectorAll("select")) select.addEventListener("change", () => form.requestSubmit());
  const rows = make("tbody");
  const csv = make("button", { type: "button", class: "quiet small", onclick: () => download(query, csv) }, "Save as CSV");
  return make(
    "div", { class: "view", "data-title": "People" },
    make("div", { class: "bar" }, make("h1", {}, "People"), csv),
    form,
    peopleTable(rows),
    pagedList({
      path: "/v1/contacts", query: query.size ? `&${query}` : "", size: 50, into: rows, shown: personRow, noun: ["person", "people"],
      none: emptyBox("Nobody", query.size ? "Nobody is like that. Take a filter away, or try a shorter part of a word." : "Nobody is known yet: send an event, or load a file."),
    }),
  );
}
