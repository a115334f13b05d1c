// Offers: pick a space and a visitor, see what would be offered and why not the rest. A dry run: nothing is written.

import { badgeOf, call, linkTo, make, problemBox, say } from "./dom.js";

const KEYS = { tracker_id: "Tracker", email: "Email", subscription: "Subscription", user_id: "User id" };
const HOW = {
  explicit: "identified explicitly",
  implicit: "identified implicitly, by a cookie",
  none: "not identified",
};

/** Read a list to its end. */
async function everything(path) {
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
  return [contact.id ? linkTo("contact", contact.id) : "a new visitor", " ", badgeOf(contact.kind)];
}

function whereOf(answer, asked) {
  const space = `${answer.environment}/${answer.space}`;
  if (answer.fell_back) return `${asked} falls back to ${space}`;
  return `${space} answers itself`;
}

function table(caption, heads, rows) {
  return make(
    "div", { class: "scroll" },
    make("table", { class: "changes" },
      make("caption", {}, caption),
      make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
      make("tbody", {}, ...rows.map(([first, ...others]) => make(
        "tr", {}, make("th", { scope: "row" }, first), ...others.map((cell) => make("td", {}, cell)))))),
  );
}

function shown(answer, asked) {
  const content = (offer) => Object.entries(offer.content).map(([name, value]) => `${name}: ${value}`).join(", ");
  return [
    make("p", { class: "verdict" }, make("strong", {}, HOW[answer.identification]), ": ", ...whoOf(answer), ". ",
      `${whereOf(answer, asked)}.`, answer.visitors_folder ? ` The visitor would be kept in ${answer.visitors_folder}.` : ""),
    answer.offers.length
      ? table("Offers, the first choice first", ["Offer", "Category", "Weight", "Content"],
        answer.offers.map((offer) => [offer.name, offer.category ?? "", String(offer.weight), content(offer)]))
      : make("p", { class: "none" }, "No offers."),
    answer.left_out.length
      ? table("Left out", ["Offer", "Why"], answer.left_out.map(({ name, words }) => [name, words]))
      : null,
  ].filter(Boolean);
}

async function fill(select) {
  const environments = await everything("/v1/environments");
  const groups = await Promise.all(environments.map(async ({ name, kind }) => make(
    "optgroup", { label: `${name} (${kind})` },
    ...(await everything(`/v1/environments/${encodeURIComponent(name)}/spaces`)).map((space) => make(
      "option", { value: JSON.stringify([name, space.name]) }, `${name}/${space.name}`)))));
  select.replaceChildren(...groups);
  return select.options.length > 0;
}

function card() {
  const select = make("select", { name: "space", required: true, "aria-label": "Space" });
  const answer = make("div", { id: "offers-answer", "aria-live": "polite" });
  const inputs = Object.entries(KEYS).map(([name, words]) => make(
    "label", {}, `${words} `, make("input", { name, autocomplete: "off", autocapitalize: "none", spellcheck: "false" })));
  const form = make(
    "form", { id: "offers", class: "fields" },
    make("label", { class: "wide" }, "Space ", select), ...inputs,
    make("div", { class: "wide actions" }, make("button", { type: "submit" }, "Show the offers")),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [environment, space] = JSON.parse(select.value);
    const body = {};
    for (const name of Object.keys(KEYS)) if (form.elements[name].value) body[name] = form.elements[name].value;
    const path = `/v1/environments/${encodeURIComponent(environment)}/spaces/${encodeURIComponent(space)}/propositions`;
    try {
      const found = await call(`${path}?dry_run=true&explain=true`, { method: "POST", body });
      answer.replaceChildren(...shown(found, `${environment}/${space}`));
      say(`${found.offers.length} offers, ${found.left_out.length} left out`);
    } catch (problem) {
      answer.replaceChildren(problemBox(problem));
    }
  });
  const details = make(
    "details", { class: "card try", id: "offers-card" },
    make("summary", {}, make("h2", {}, "What would be offered …")),
    make("p", {}, "Pick a space and say who comes by. It is a dry run: the answer is the real one, and nothing is written."),
    form, answer,
  );
  details.addEventListener("toggle", async () => {
    if (!details.open) return;
    try {
      const any = await fill(select);
      form.hidden = !any;
      if (!any) answer.replaceChildren(make("p", { class: "none" }, "There is no space yet: import a catalogue."));
      else if (!answer.querySelector("table")) answer.replaceChildren();
    } catch (problem) {
      answer.replaceChildren(problemBox(problem));
    }
  });
  return details;
}

document.querySelector("main").append(card());
