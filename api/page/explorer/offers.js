// Offers: pick a space and a visitor, see what would be offered and why not the rest. A dry run: nothing is written.

import { badgeOf, call, contactLink, emptyBox, hrefTo, make, plural, problemBox, say } from "./dom.js";

const KEYS = { tracker_id: "Tracker", email: "Email", subscription: "Subscription", user_id: "User id" };
const HOW = {
  explicit: "identified explicitly",
  implicit: "identified implicitly, by a cookie",
  none: "not identified",
};

/** Read a list to its end. */
export async function everything(path) {
  const items = [];
  let cursor = null;
  do {
    const page = await call(`${path}?limit=1000${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    items.push(...page.items);
    cursor = page.next;
  } while (cursor);
  return items;
}

function whoOf({ contact }) {
  if (!contact) return ["nobody"];
  return [contact.id ? contactLink(contact.id) : "a new visitor", " ", badgeOf(contact.kind)];
}

function whereOf(answer, asked) {
  const space = `${answer.environment}/${answer.space}`;
  if (answer.fell_back) return `${asked} falls back to ${space}`;
  return `${space} answers itself`;
}

export function table(caption, heads, rows) {
  return make(
    // Whoever has no pointer scrolls what has the focus.
    "div", { class: "scroll", tabindex: 0, role: "group", "aria-label": caption },
    make("table", {},
      make("caption", {}, caption),
      make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
      make("tbody", {}, ...rows.map(([first, ...others]) => make(
        "tr", {}, make("th", { scope: "row" }, first), ...others.map((cell) => make("td", {}, cell)))))),
  );
}

function shown(answer, asked) {
  const content = (offer) => Object.entries(offer.content).map(([name, value]) => `${name}: ${value}`).join(", ");
  return [
    // One child: the line is a row of boxes, and words of a sentence are none.
    make("p", { class: "verdict" }, make("span", {}, make("strong", {}, HOW[answer.identification]), ": ", ...whoOf(answer), ". ",
      `${whereOf(answer, asked)}.`, answer.visitors_folder ? ` The visitor would be kept in ${answer.visitors_folder}.` : "")),
    answer.offers.length
      ? table("Offers, the first choice first", ["Offer", "Category", "Weight", "Content"],
        answer.offers.map((offer) => [offer.name, offer.category ?? "", String(offer.weight), content(offer)]))
      : make("p", { class: "none" }, "No offers."),
    answer.left_out.length
      ? table("Left out", ["Offer", "Why"], answer.left_out.map(({ name, words }) => [name, words]))
      : null,
  ].filter(Boolean);
}

async function spaces() {
  const environments = await everything("/v1/environments");
  return Promise.all(environments.map(async ({ name, kind }) => make(
    "optgroup", { label: `${name} (${kind})` },
    (await everything(`/v1/environments/${encodeURIComponent(name)}/spaces`)).map((space) => make(
      "option", { value: JSON.stringify([name, space.name]) }, `${name}/${space.name}`)))));
}

export async function offersView() {
  const select = make("select", { name: "space", required: true }, await spaces());
  const head = [
    make("h1", {}, "What would be offered …"),
    make("p", { class: "lead" }, "Pick a space and say who comes by. It is a dry run: the answer is the real one, and nothing is written. ",
      make("a", { href: hrefTo("catalogue") }, "Edit the catalogue"), ", ",
      make("a", { href: hrefTo("offers", "simulation") }, "try it on many people"), ", or see ",
      make("a", { href: hrefTo("offers", "report") }, "what became of propositions"), "."),
  ];
  if (!select.options.length) {
    return make("div", { class: "view" }, head, emptyBox("No space yet", "Import a catalogue: kinfold catalogue import FILE."));
  }
  const answer = make("section", { class: "answer", "aria-live": "polite", "aria-label": "The answer" },
    make("p", { class: "none" }, "The offers, and why not the others, come here."));
  const form = make(
    "form", { class: "fields", id: "offers", "aria-label": "A visitor" },
    make("label", { class: "wide" }, "Space", select),
    Object.entries(KEYS).map(([name, words]) => make(
      "label", {}, words, make("input", { name, autocomplete: "off", autocapitalize: "none", spellcheck: "false" }))),
    make("div", { class: "wide actions" }, make("button", { type: "submit" }, "Show the offers")),
  );
  form.addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    const [environment, space] = JSON.parse(select.value);
    const body = {};
    for (const name of Object.keys(KEYS)) if (form.elements[name].value) body[name] = form.elements[name].value;
    const path = `/v1/environments/${encodeURIComponent(environment)}/spaces/${encodeURIComponent(space)}/propositions`;
    try {
      const found = await call(`${path}?dry_run=true&explain=true`, { method: "POST", body });
      answer.replaceChildren(...shown(found, `${environment}/${space}`));
      say(`${plural(found.offers.length, "offer")}, ${found.left_out.length} left out`);
    } catch (problem) {
      answer.replaceChildren(problemBox(problem));
    }
  });
  return make(
    "div", { class: "view" }, head,
    make("div", { class: "columns" }, make("div", { class: "card" }, form), make("div", { class: "card" }, answer)),
  );
}
