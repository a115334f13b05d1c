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

const keyInputs = () => Object.entries(KEYS).map(([name, words]) => make(
  "label", {}, words, make("input", { name, autocomplete: "off", autocapitalize: "none", spellcheck: "false" })));

/** Ask a space what it would offer to whom the form's keys lead; nothing is written. */
function tried(form, environment, space, more = "") {
  const body = {};
  for (const name of Object.keys(KEYS)) if (form.elements[name].value) body[name] = form.elements[name].value;
  const path = `/v1/environments/${encodeURIComponent(environment)}/spaces/${encodeURIComponent(space)}/propositions`;
  return call(`${path}?dry_run=true&explain=true${more}`, { method: "POST", body });
}

/** An offer as a page may show it: its fields, those that are pictures as such. */
function pictured({ name, content }) {
  const { title, ...others } = content;
  return make("div", { class: "pictured" }, make("strong", {}, title ?? name),
    make("dl", {}, Object.entries(others).map(([field, value]) => [make("dt", {}, field), make("dd", {}, Array.isArray(value) ? value.join(", ") : String(value))])));
}

/** What would be shown to a visitor in one of some spaces, and of one offer where it stands or why it is left out. */
export function visitorPreview(environment, spaces, offer) {
  const answer = make("div", { class: "answer stack", "aria-live": "polite" });
  const space = make("select", { name: "space" }, spaces.map((name) => make("option", { value: name }, name)));
  const drafts = make("input", { type: "checkbox", name: "drafts", checked: true });
  const form = make("form", { class: "fields", "aria-label": "Preview for a visitor" },
    make("label", {}, "Space", space), keyInputs(),
    make("label", { class: "tick" }, drafts, "Drafts as if they were live"),
    make("div", { class: "wide actions" }, make("button", { type: "submit", class: "quiet" }, "Preview")));
  form.addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    try {
      const found = await tried(form, environment, space.value, drafts.checked ? "&drafts=true" : "");
      const place = found.offers.findIndex(({ name }) => name === offer);
      const out = found.left_out.find(({ name }) => name === offer);
      const verdict = place >= 0 ? `${offer} would be number ${place + 1} of ${found.offers.length}.` : `${offer} is left out. ${out?.words ?? (found.fell_back ? "Another environment answers." : "")}`;
      answer.replaceChildren(
        offer ? make("p", { class: place >= 0 ? "done" : "warn", role: "status" }, verdict) : "",
        ...found.offers.map(pictured),
        make("details", {}, make("summary", {}, "Who was identified, and why not the others"), shown(found, `${environment}/${space.value}`)));
      say(offer ? verdict : plural(found.offers.length, "offer"));
    } catch (problem) {
      answer.replaceChildren(problemBox(problem));
    }
  });
  return make("section", { class: "card stack", "aria-label": "Preview" }, make("h2", {}, "Preview for a visitor"),
    make("p", { class: "soft" }, "Of what is saved. Without a key it is somebody new; nothing is written."), form, answer);
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
    keyInputs(),
    make("div", { class: "wide actions" }, make("button", { type: "submit" }, "Show the offers")),
  );
  form.addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    const [environment, space] = JSON.parse(select.value);
    try {
      const found = await tried(form, environment, space);
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
