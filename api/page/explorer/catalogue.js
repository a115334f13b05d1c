// The catalogue of offers: environments, a wizard that makes them of a mapping, and what is in them, to be edited.

import { call, hrefTo, make, problemBox, say } from "./dom.js";
import { conditionField } from "./conditions.js";
import { act, chooser, field } from "./settings.js";
import { everything } from "./offers.js";

const pathTo = (...parts) => `/v1/environments${parts.map((part) => `/${encodeURIComponent(part).replaceAll("%2F", "/")}`).join("")}`;
const flag = (label, name) => ({ label, name, kind: "flag" });
const text = (label, name, kind = "text") => ({ label, name, kind });

/** What is edited of each part, and how: text, number, flag, list (with commas), json, or a choice. */
const PARTS = {
  categories: { title: "Categories", one: "category", fields: [
    text("Multiplier of weights", "multiplier", "number"), flag("Switched on", "enabled"), text("Starts at", "starts_at"), text("Ends at", "ends_at"),
    text("Rules", "rules", "list"), text("Excludes", "excludes", "list"), text("At most (JSON)", "at_most", "json")] },
  offers: { title: "Offers", one: "offer", fields: [
    text("Category", "category"), text("Weight", "weight", "number"), { label: "State", name: "state", kind: "choice", options: ["live", "draft"] },
    text("Starts at", "starts_at"), text("Ends at", "ends_at"), text("Spaces (all if empty)", "spaces", "list"), text("Rules", "rules", "list"),
    text("Condition", "where", "condition"), text("At most (JSON)", "at_most", "json"), text("Other weights (JSON)", "weights", "json"), text("Content (JSON)", "content", "json")] },
  spaces: { title: "Spaces", one: "space", fields: [
    flag("Identify implicitly from browsing history", "identify_implicitly"), flag("Fall back to an anonymous space if nobody was identified", "fall_back"),
    { label: "Associated anonymous space", name: "anonymous_space", kind: "choice", options: [] },
    flag("Identified offers for the implicitly identified", "identified_offers_when_implicit"),
    text("How many offers", "offers", "number"), text("Content that every offer has", "content", "list")] },
  rules: { title: "Typology rules", one: "rule", fields: [text("Condition", "where", "condition"), text("At most (JSON)", "at_most", "json")] },
};
const STARTS = { categories: { multiplier: 1, enabled: true }, offers: { weight: 1, state: "live" }, spaces: { identified_offers_when_implicit: true }, rules: {} };

const listed = (said) => said.split(",").map((one) => one.trim()).filter(Boolean);
const dimensionOf = ({ targeting_dimension: dimension, segment }) => (segment ? `segment ${segment}` : dimension);

const empty = (value) => value === null || value === undefined || (Array.isArray(value) && !value.length) || (typeof value === "object" && !Object.keys(value).length);

function inputOf({ label, name, kind, options, known }, value) {
  if (kind === "condition") return conditionField({ label, name }, value, known);
  if (kind === "flag") return make("label", { class: "tick" }, make("input", { type: "checkbox", name, checked: Boolean(value) }), label);
  if (kind === "choice") {
    const select = chooser(label, name, options.map((one) => [one, one || "none"]));
    select.querySelector("select").value = value ?? options[0] ?? "";
    return select;
  }
  if (kind === "json") return make("label", { class: "wide" }, label, make("textarea", { name, rows: 2, spellcheck: "false" }, empty(value) ? "" : JSON.stringify(value)));
  return field(label, name, { value: kind === "list" ? (value ?? []).join(", ") : value ?? "", type: kind === "number" ? "number" : "text", ...(kind === "number" ? { step: "any", min: 0 } : {}) });
}

/** Read what a field says; what is empty is not said. A mistake is one of the field, as the server's are. */
function readOf({ name, kind }, form) {
  const input = form.elements[name];
  if (kind === "flag") return input.checked;
  const said = input.value.trim();
  if (said === "") return undefined;
  if (kind === "number") return Number(said);
  if (kind === "list") return listed(said);
  if (kind !== "json" && kind !== "condition") return said;
  try {
    return JSON.parse(said);
  } catch {
    throw { errors: [{ field: name, message: "this is not JSON" }] };
  }
}

/** A form whose mistakes stand beside their fields: checked by a dry run after each change, then sent. */
function checkedForm({ inputs, bodyOf, target, verb, onChecked, onSent, renamed = {} }) {
  const place = make("div", { class: "wide", "aria-live": "polite" });
  const form = make("form", { class: "card fields" }, inputs, make("div", { class: "wide actions" }, make("button", { type: "submit" }, verb)), place);
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
      if (!spot) input.setAttribute("aria-invalid", "true");
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

const remove = (label, path, after) => act("Delete", label, async () => {
  const ends = await call(path, { method: "DELETE" });
  say(ends ? "It was proposed before: it ends now" : "Deleted");
  location.hash = after;
});

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
    target: () => pathTo(name), verb: "Save", onSent: () => say("Saved"),
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
      make("ul", { class: "plain" }, items.map((item) => make("li", {}, make("a", { href: hrefTo("catalogue", name, part, called(item)) }, called(item)), item.state === "draft" ? " draft" : ""))),
      adding);
  }));
  return make("div", { class: "view", "data-title": name },
    make("p", {}, make("a", { href: hrefTo("catalogue") }, "Catalogue")),
    make("h1", {}, name), form, make("div", { class: "columns" }, lists),
    make("div", { class: "actions" }, remove(`Delete environment ${name}`, pathTo(name), hrefTo("catalogue"))));
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

async function partView(environment, part, name) {
  const { one } = PARTS[part];
  const there = (await everything(pathTo(environment, part))).find((item) => (item.path ?? item.name) === name) ?? null;
  const spaces = part === "spaces" ? await anonymousSpaces() : [];
  const known = PARTS[part].fields.some(({ kind }) => kind === "condition") ? await namesForConditions() : null;
  const more = { anonymous_space: { options: ["", ...spaces] }, where: { known } };
  const fields = PARTS[part].fields.map((asked) => ({ ...asked, ...more[asked.name] }));
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
    onSent: () => { say(there ? "Saved" : "Made"); if (!there) dispatchEvent(new CustomEvent("kinfold:changed")); },
  });
  form.setAttribute("aria-label", `The ${one}`);
  return make("div", { class: "view", "data-title": name },
    make("p", {}, make("a", { href: hrefTo("catalogue") }, "Catalogue"), " / ", make("a", { href: hrefTo("catalogue", environment) }, environment)),
    make("h1", {}, `${one[0].toUpperCase()}${one.slice(1)} ${name}`), form,
    there ? make("div", { class: "actions" }, remove(`Delete ${one} ${name}`, pathTo(environment, part, name), hrefTo("catalogue", environment))) : null);
}

export function catalogueView(environment, part, name) {
  if (!environment) return environmentsView();
  return part in PARTS && name ? partView(environment, part, name) : environmentView(environment);
}
