// The catalogue of offers: environments, a wizard that makes them of a mapping, and what is in them, to be edited.

import { agoOf, call, hrefTo, make, may, pagedList, problemBox, say, takes } from "./dom.js";
import { contentField, limitField, picksField, representationsField, weightsField } from "./catalogue_fields.js";
import { conditionField } from "./conditions.js";
import { act, chooser, field } from "./settings.js";
import { everything, visitorPreview } from "./offers.js";

const pathTo = (...parts) => `/v1/environments${parts.map((part) => `/${encodeURIComponent(part).replaceAll("%2F", "/")}`).join("")}`;
const flag = (label, name) => ({ label, name, kind: "flag" });
const text = (label, name, kind = "text") => ({ label, name, kind });

const TIME = "2026-12-24T00:00:00Z";
const when = (label, name) => ({ label, name, placeholder: TIME });
const limit = (over) => ({ label: "How often", name: "at_most", kind: "limit", over });
const picks = (label, name, none) => ({ label, name, kind: "picks", none });
const RULES = picks("Typology rules that bind it", "rules", "This environment has no rules yet.");
/** What is edited of each part, and how: text, number, flag, list (with commas), a choice, or a field made of several. */
const PARTS = {
  categories: { title: "Categories", one: "category", fields: [
    text("Multiplier of weights", "multiplier", "number"), flag("Switched on", "enabled"), when("Starts at", "starts_at"), when("Ends at", "ends_at"),
    RULES, picks("Excludes: never in one proposition with", "excludes", "There is no other category."), limit("category")] },
  offers: { title: "Offers", one: "offer", fields: [
    { label: "Category", name: "category", kind: "choice", options: [] }, text("Weight", "weight", "number"), { label: "State", name: "state", kind: "choice", options: ["live", "draft"] },
    when("Starts at", "starts_at"), when("Ends at", "ends_at"), picks("For these spaces only", "spaces", "This environment has no spaces yet."), RULES,
    text("Condition", "where", "condition"), limit("offer"), text("Other weights: the best of those that count does", "weights", "weights"),
    text("Content in every space", "content", "content"), text("Content in one space", "representations", "representations")] },
  spaces: { title: "Spaces", one: "space", fields: [
    flag("Identify implicitly from browsing history", "identify_implicitly"), flag("Fall back to an anonymous space if nobody was identified", "fall_back"),
    { label: "Associated anonymous space", name: "anonymous_space", kind: "choice", options: [] },
    flag("Identified offers for the implicitly identified", "identified_offers_when_implicit"),
    text("How many offers", "offers", "number"), text("Content that every offer has", "content", "list")] },
  rules: { title: "Typology rules", one: "rule", fields: [text("Condition", "where", "condition"), { ...limit(), rule: true }] },
};
const MADE_OF = { condition: conditionField, limit: limitField, weights: weightsField, content: contentField, representations: representationsField, picks: picksField };
const STARTS = { categories: { multiplier: 1, enabled: true }, offers: { weight: 1, state: "live" }, spaces: { identified_offers_when_implicit: true }, rules: {} };

const listed = (said) => said.split(",").map((one) => one.trim()).filter(Boolean);
const dimensionOf = ({ targeting_dimension: dimension, segment }) => (segment ? `segment ${segment}` : dimension);

function inputOf(asked, value) {
  const { label, name, kind, options, placeholder } = asked;
  if (kind in MADE_OF) return MADE_OF[kind](asked, value, asked.known);
  if (kind === "flag") return make("label", { class: "tick" }, make("input", { type: "checkbox", name, checked: Boolean(value) }), label);
  if (kind === "choice") {
    const select = chooser(label, name, options.map((one) => [one, one || "none"]));
    select.querySelector("select").value = value ?? options[0] ?? "";
    return select;
  }
  return field(label, name, { placeholder, value: kind === "list" ? (value ?? []).join(", ") : value ?? "", type: kind === "number" ? "number" : "text", ...(kind === "number" ? { step: "any", min: 0 } : {}) });
}

/** Read what a field says; what is empty is not said. A mistake is one of the field, as the server's are. */
function readOf({ name, kind }, form) {
  const input = form.elements[name];
  if (kind === "flag") return input.checked;
  const said = input.value.trim();
  if (said === "") return undefined;
  if (kind === "number") return Number(said);
  if (kind === "list") return listed(said);
  if (!(kind in MADE_OF)) return said;
  try {
    return JSON.parse(said);
  } catch {
    throw { errors: [{ field: name, message: "this is not JSON" }] };
  }
}

const mayEdit = () => may("admin");

/** A form whose mistakes stand beside their fields: checked by a dry run after each change, then sent. */
function checkedForm({ inputs, bodyOf, target, verb, onChecked, onSent, renamed = {} }) {
  const place = make("div", { class: "wide", "aria-live": "polite" });
  const form = make("form", { class: "card fields" }, inputs, make("div", { class: "wide actions" }, takes("admin", make("button", { type: "submit" }, verb), "Changing this")), place);
  let turn = 0;

  function shown(problem) {
    place.replaceChildren();
    for (const told of form.querySelectorAll(".beside")) told.remove();
    for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
    if (!problem) return;
    const left = (problem.errors ?? []).filter((error) => {
      const of = (error.field ?? "").split(/[.[]/)[0];
      const input = form.elements[renamed[of] ?? of];
      if (!input?.closest) return true;
      const told = make("span", { class: "beside", role: "alert" }, error.message);
      const spot = input.closest("[hidden]") ? spotOf(form, error.field) : null;
      const wrong = spot ? spot.matches("label") && spot.querySelector("input, select, textarea") : input;
      if (wrong) wrong.setAttribute("aria-invalid", "true");
      (spot ?? input.closest("label")).append(told);
      return false;
    });
    if (left.length || !problem.errors?.length) place.replaceChildren(problemBox({ ...problem, errors: left }));
  }

  async function check() {
    const mine = ++turn;
    try {
      const path = target(form);
      const answer = path ? await call(`${path}?dry_run=true`, { method: "PUT", body: bodyOf(form) }) : null;
      if (mine === turn) { shown(null); onChecked?.(answer); }
    } catch (problem) {
      if (mine === turn) { shown(problem); onChecked?.(null); }
    }
  }

  form.addEventListener("change", check);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    turn += 1;
    try {
      const made = await call(target(form), { method: "PUT", body: bodyOf(form) });
      shown(null);
      onSent(made);
    } catch (problem) {
      shown(problem);
    }
  });
  return { form, check };
}

const tick = (ticked) => make("input", { type: "checkbox", checked: ticked, disabled: true, "aria-label": "For inbound anonymous interactions" });

/** What follows from a mapping, shown before the environment is made. */
function drafted(answer) {
  if (!answer) return make("p", { class: "none" }, "Say whose visitors they are, and what follows is shown here.");
  return make("dl", { class: "draft" },
    make("dt", {}, "Environment"), make("dd", {}, answer.name),
    make("dt", {}, "For inbound anonymous interactions"), make("dd", {}, tick(answer.inbound_anonymous)),
    make("dt", {}, "Targeting dimension"), make("dd", {}, dimensionOf(answer)),
    answer.visitors_folder ? [make("dt", {}, "Visitors folder"), make("dd", {}, answer.visitors_folder)] : null);
}

function wizard(there, segments) {
  const preview = make("div", { class: "card", role: "group", "aria-label": "What will be made" }, drafted(null));
  const folder = field("Visitors folder (named after the brand if empty)", "visitors_folder");
  const segment = chooser("Segment", "segment", segments.map((name) => [name, name]));
  const mapping = chooser("Mapping", "targeting_dimension", [
    ["visitors", "visitors, nobody has identified them"], ["contacts", "contacts, identified people"],
    ...(segments.length ? [["segment", "a segment, a table of recipients of your own"]] : [])]);
  const chosen = () => mapping.querySelector("select").value;
  const fit = () => {
    folder.hidden = chosen() !== "visitors";
    segment.hidden = chosen() !== "segment";
  };
  mapping.addEventListener("change", fit);
  fit();
  const { form } = checkedForm({
    inputs: [mapping, field("Brand", "brand", { required: true }), folder, segment],
    bodyOf: (said) => ({
      targeting_dimension: chosen(),
      ...(chosen() === "visitors" && said.elements.visitors_folder.value.trim() ? { visitors_folder: said.elements.visitors_folder.value.trim() } : {}),
      ...(chosen() === "segment" ? { segment: said.elements.segment.value } : {}),
    }),
    target: (said) => {
      const brand = said.elements.brand.value.trim();
      if (there.includes(brand)) throw { errors: [{ field: "brand", message: "there is an environment of this name already" }] };
      // In the address of a call it would be another address.
      if (brand.includes("/")) throw { errors: [{ field: "brand", message: "a name has no slash" }] };
      return brand ? pathTo(brand) : "";
    },
    // The environment's name is what the wizard calls its brand.
    renamed: { name: "brand", kind: "targeting_dimension" },
    verb: "Make the environment",
    onChecked: (answer) => preview.replaceChildren(drafted(answer)),
    onSent: (made) => { say("Environment made"); location.hash = hrefTo("catalogue", made.name); },
  });
  form.setAttribute("aria-label", "A new environment");
  return make("div", { class: "columns" }, form, preview);
}

async function environmentsView() {
  const [environments, segments] = await Promise.all([everything("/v1/environments"), everything("/v1/segments")]);
  return make("div", { class: "view", "data-title": "Catalogue" },
    make("h1", {}, "Catalogue"),
    make("p", { class: "lead" }, "Environments with their categories, offers and spaces. One anonymous environment a brand."),
    make("ul", { class: "plain" }, environments.map((one) => make("li", {}, make("a", { href: hrefTo("catalogue", one.name) }, one.name), ` ${one.kind}`, one.visitors_folder ? `, keeps ${one.visitors_folder}` : "", one.segment ? `, of segment ${one.segment}` : ""))),
    make("h2", {}, "A new environment"), wizard(environments.map((one) => one.name), segments.map((one) => one.name)));
}

const remove = (label, path, after) => mayEdit() && make("div", { class: "actions" }, act("Delete", label, async () => {
  const ends = await call(path, { method: "DELETE" });
  say(ends ? "It was proposed before: it ends now" : "Deleted");
  // What ends stays, and is shown as it is now.
  if (!ends) location.hash = after;
}));

const SAID_BY = { local: "somebody at this server", environment: "a key of the environment", command: "the command" };
const inShort = (value) => (value === null || value === undefined ? "—" : typeof value === "string" ? value : JSON.stringify(value));

/** Names of access keys by id, for those who may read them. */
async function keyNames() {
  if (!mayEdit()) return {};
  const { items } = await call("/v1/access-keys?limit=1000").catch(() => ({ items: [] }));
  return Object.fromEntries(items.map(({ id, name }) => [id, name]));
}

function changedIn(environment, known, own) {
  return ({ at, by, why, part, name, what, changed }) => {
    const plural = { category: "categories", environment: null }[part] ?? `${part}s`;
    const link = make("a", { href: plural && part !== "environment" ? hrefTo("catalogue", environment, plural, name) : hrefTo("catalogue", environment) }, name);
    const fields = Object.entries(changed);
    const table = fields.length > 0 && make("table", { class: "changes" },
      make("thead", {}, make("tr", {}, ["Field", "Before", "After"].map((head) => make("th", { scope: "col" }, head)))),
      make("tbody", {}, fields.map(([field, { before, after }]) => make("tr", {}, make("th", { scope: "row" }, field.replaceAll("_", " ")), make("td", {}, inShort(before)), make("td", {}, inShort(after))))));
    return make("li", {},
      make("p", {}, agoOf(at), " ", make("strong", {}, SAID_BY[by] ?? known[by] ?? by), ` ${what} `, own ? "it" : [`${part} `, link], why ? `: ${why}` : ""),
      // Of many things at once the fields are shown when they are asked for.
      table && (own ? table : make("details", {}, make("summary", {}, fields.map(([field]) => field.replaceAll("_", " ")).join(", ")), table)));
  };
}

/** Who changed what, when and why: of one thing, or of all that an environment has. */
async function historyOf(environment, part, name) {
  const known = await keyNames();
  const list = make("ul", { class: "plain catalogue-history" });
  const query = part ? `&part=${part}&name=${encodeURIComponent(name)}` : "";
  return make("section", { class: "card stack", "aria-label": "Who changed what" }, make("h2", {}, "Who changed what"), list,
    pagedList({ path: pathTo(environment, "history"), query, size: 10, into: list, shown: changedIn(environment, known, Boolean(part)), noun: ["change"], none: "No change is noted." }));
}

async function environmentView(name) {
  const environment = await call(pathTo(name));
  const anonymous = environment.kind === "anonymous";
  const { form } = checkedForm({
    inputs: [
      make("label", { class: "tick" }, tick(anonymous), "For inbound anonymous interactions"),
      make("p", { class: "soft" }, `Targeting dimension: ${dimensionOf(environment)}`),
      anonymous
        ? field("Visitors folder", "visitors_folder", { value: environment.visitors_folder })
        : field("Goes on from what visitors were proposed in", "goes_on_from", { value: environment.goes_on_from.join(", ") }),
    ],
    bodyOf: (said) => {
      if (anonymous) return { kind: "anonymous", visitors_folder: said.elements.visitors_folder.value.trim() || null };
      const whom = environment.segment ? { targeting_dimension: "segment", segment: environment.segment } : { kind: "identified" };
      return { ...whom, goes_on_from: listed(said.elements.goes_on_from.value) };
    },
    target: () => pathTo(name), verb: "Save", onSent: () => { say("Saved"); dispatchEvent(new CustomEvent("kinfold:changed")); },
  });
  form.setAttribute("aria-label", "The environment");
  const lists = await Promise.all(Object.entries(PARTS).map(async ([part, { title, one }]) => {
    const items = await everything(pathTo(name, part));
    const adding = make("form", { class: "actions" }, field(`New ${one}`, "name", { required: true }), make("button", { type: "submit", class: "quiet" }, "Add"));
    adding.addEventListener("submit", (event) => {
      event.preventDefault();
      location.hash = hrefTo("catalogue", name, part, adding.elements.name.value.trim());
    });
    const called = (item) => item.path ?? item.name;
    return make("section", { class: "card", "aria-label": title }, make("h2", {}, title),
      make("ul", { class: "plain" }, items.map((item) => make("li", {}, make("a", { href: hrefTo("catalogue", name, part, called(item)) }, called(item)), " ", standing(item)))),
      mayEdit() ? adding : null);
  }));
  return make("div", { class: "view", "data-title": name },
    make("p", {}, make("a", { href: hrefTo("catalogue") }, "Catalogue")),
    make("h1", {}, name), form, make("div", { class: "columns" }, lists),
    await historyOf(name),
    remove(`Delete environment ${name}`, pathTo(name), hrefTo("catalogue")));
}

/** What keeps a part of a catalogue from being proposed now, if anything. */
function standing({ state, enabled, starts_at: starts, ends_at: ends }) {
  const now = Date.now();
  const words = state === "draft" ? "draft" : enabled === false ? "switched off" : ends && Date.parse(ends) <= now ? "ended" : starts && Date.parse(starts) > now ? "not yet" : "";
  return words ? make("span", { class: "badge" }, words) : null;
}

async function anonymousSpaces() {
  const environments = (await everything("/v1/environments")).filter(({ kind }) => kind === "anonymous");
  const found = await Promise.all(environments.map(async ({ name }) => (await everything(pathTo(name, "spaces"))).map((space) => `${name}/${space.name}`)));
  return found.flat();
}

/** What conditions may speak of by name. */
async function namesForConditions() {
  const [segments, environments] = await Promise.all([everything("/v1/segments"), everything("/v1/environments")]);
  return { segments: segments.map(({ name }) => name), environments: environments.filter(({ kind }) => kind === "anonymous").map(({ name }) => name) };
}

/** Where in a form of conditions a mistake belongs: the innermost part whose place begins as the mistake's does. */
function spotOf(form, place) {
  const inside = [...form.querySelectorAll("[data-place]")].filter((part) => {
    const { place: own } = part.dataset;
    return !part.closest("[hidden]") && (place === own || (place.startsWith(own) && ".[".includes(place[own.length])));
  });
  // Of two with one place, as a condition and its only test, the inner one comes later.
  return inside.reverse().sort((one, other) => other.dataset.place.length - one.dataset.place.length)[0];
}

/** What the fields of a part choose from. */
async function choicesOf(environment, part, name) {
  const kinds = new Set(PARTS[part].fields.map(({ kind }) => kind));
  const listOf = (other, wanted) => (wanted ? everything(pathTo(environment, other)) : []);
  const [spaces, categories, rules, anonymous, known] = await Promise.all([
    listOf("spaces", part === "offers"), listOf("categories", kinds.has("picks")), listOf("rules", kinds.has("picks")),
    part === "spaces" ? anonymousSpaces() : [], kinds.has("condition") ? namesForConditions() : null]);
  const names = spaces.map((space) => space.name);
  const paths = categories.map(({ path }) => path);
  const about = { spaces: names, segments: known?.segments ?? [], content: [...new Set(spaces.flatMap(({ content }) => content))] };
  return {
    anonymous_space: { options: ["", ...anonymous] }, where: { known }, category: { options: ["", ...paths] }, rules: { options: rules.map((rule) => rule.name) },
    excludes: { options: paths.filter((path) => path !== name) }, spaces: { options: names }, weights: { known: about }, content: { known: about }, representations: { known: about },
  };
}

async function partView(environment, part, name) {
  const { one } = PARTS[part];
  const there = (await everything(pathTo(environment, part))).find((item) => (item.path ?? item.name) === name) ?? null;
  const choices = await choicesOf(environment, part, name);
  const fields = PARTS[part].fields.map((asked) => ({ ...asked, ...choices[asked.name] }));
  const values = there ?? STARTS[part];
  const kept = Object.fromEntries(Object.entries(values).filter(([key]) => !["name", "path", "environment"].includes(key)));
  const { form } = checkedForm({
    inputs: fields.map((asked) => inputOf(asked, values[asked.name])),
    bodyOf: (said) => {
      const body = { ...kept };
      for (const asked of fields) {
        const value = readOf(asked, said);
        if (value === undefined) delete body[asked.name];
        else body[asked.name] = value;
      }
      return body;
    },
    target: () => pathTo(environment, part, name),
    verb: there ? "Save" : `Make the ${one}`,
    onSent: () => { say(there ? "Saved" : "Made"); dispatchEvent(new CustomEvent("kinfold:changed")); },
  });
  form.setAttribute("aria-label", `The ${one}`);
  const spaces = part === "offers" ? choices.spaces.options : part === "spaces" ? [name] : [];
  const beside = there ? [
    spaces.length ? visitorPreview(environment, spaces, part === "offers" ? name : null) : null,
    await historyOf(environment, one, name),
  ] : [];
  return make("div", { class: "view", "data-title": name },
    make("p", {}, make("a", { href: hrefTo("catalogue") }, "Catalogue"), " / ", make("a", { href: hrefTo("catalogue", environment) }, environment)),
    make("h1", {}, `${one[0].toUpperCase()}${one.slice(1)} ${name} `, there ? standing(there) : null), form,
    make("div", { class: "columns" }, beside),
    there ? remove(`Delete ${one} ${name}`, pathTo(environment, part, name), hrefTo("catalogue", environment)) : null);
}

export function catalogueView(environment, part, name) {
  if (!environment) return environmentsView();
  return part in PARTS && name ? partView(environment, part, name) : environmentView(environment);
}
