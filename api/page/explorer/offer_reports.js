// What a catalogue would do to whom, and what became of what was proposed: tables, a drawing, and CSV to keep.

import { accessHeaders, badgeOf, call, contactLink, hrefTo, make, makeSvg, plural, problemBox, say } from "./dom.js";
import { everything, table } from "./offers.js";
import { chooser, field } from "./settings.js";

const COUNTS = ["proposed", "presented", "clicked", "accepted", "refused"];
const DRAWN = ["presented", "clicked", "accepted", "refused"];
const pathTo = (environment, more) => `/v1/environments/${encodeURIComponent(environment)}/${more}`;

/** Keep what a call answers as CSV in a file of the reader's. */
async function keepCsv(path, name, { method = "GET", body } = {}) {
  const headers = { Accept: "text/csv", ...accessHeaders(), ...(body ? { "Content-Type": "application/json" } : {}) };
  const response = await fetch(path, { method, headers, body: body ? JSON.stringify(body) : undefined });
  if (!response.ok) throw await response.json();
  const url = URL.createObjectURL(await response.blob());
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  say(`Saved as ${name}`);
}

function csvButton(work, place) {
  return make("button", { type: "button", class: "quiet", onclick: async () => {
    try {
      await work();
    } catch (problem) {
      place.replaceChildren(problemBox(problem));
    }
  } }, "Save as CSV");
}

const crumbs = () => make("p", {}, make("a", { href: hrefTo("offers") }, "Offers"));

async function environmentChooser(chosen) {
  const environments = await everything("/v1/environments");
  const choice = chooser("Environment", "environment", environments.map(({ name, kind }) => [name, `${name} (${kind})`]));
  if (chosen) choice.querySelector("select").value = chosen;
  return choice;
}

/** Why some would not get an offer: the same words at several spaces are said once, with how many answers they are about. */
function whyNot(leftOut) {
  const byWords = new Map();
  for (const { words, people } of leftOut) byWords.set(words, (byWords.get(words) ?? 0) + people);
  return [...byWords].map(([words, people]) => make("div", {}, `${plural(people, "time")}: ${words}`));
}

function simulated(found) {
  const whom = found.segment ? `of segment ${found.segment}` : "of everybody";
  const own = (one) => (one.environment === found.environment ? one.name : `${one.environment}/${one.name}`);
  return [
    make("p", { class: "verdict" }, make("span", {}, make("strong", {}, plural(found.people, "contact")), ` ${whom} at ${found.at}${found.more_people ? "; there are more" : ""}. Nothing was proposed.`)),
    table("Who would get what", ["Offer", "People", "First choice", "Why not the others"], found.offers.map((one) => [
      [own(one), one.state === "draft" ? " (draft)" : ""], one.people.toLocaleString(), one.first.toLocaleString(), whyNot(one.left_out)])),
    make("p", {}, make("strong", {}, "Offered to nobody: "), found.never.length ? found.never.join(", ") : "none, each offer would reach somebody."),
    table("By space", ["Space", "Get an offer", "Get none", "Answered by the anonymous space"], found.spaces.map((one) => [
      one.space, one.answered.toLocaleString(), one.without.toLocaleString(), one.fell_back.toLocaleString()])),
    found.answers.length ? table(`The first ${plural(found.answers.length, "answer")}`, ["Contact", "Space", "Answered by", "Offers"], found.answers.map((one) => [
      [contactLink(one.contact), " ", badgeOf(one.kind)], one.space, one.answered_by ?? "nobody", one.offers.map(({ name }) => name).join(", ") || "none"])) : null,
  ].filter(Boolean);
}

export async function simulationView(chosen) {
  const segments = await everything("/v1/segments");
  const answer = make("section", { class: "card answer", "aria-live": "polite", "aria-label": "The simulation" }, make("p", { class: "none" }, "Who would get what comes here, and what nobody would get and why."));
  const form = make("form", { class: "card fields", "aria-label": "What to try" },
    await environmentChooser(chosen),
    chooser("Segment", "segment", [["", "everybody"], ...segments.map(({ name }) => [name, name])]),
    field("At (now if empty)", "at", { placeholder: "2026-12-24T10:00:00Z" }),
    chooser("Known people come", "identified_by", [["explicit", "logged in"], ["implicit", "by their cookies"]]),
    field("Spaces (all if empty)", "spaces"),
    make("label", { class: "tick" }, make("input", { type: "checkbox", name: "drafts" }), "Drafts as if they were live"),
    make("label", { class: "wide" }, "Data of the call (JSON)", make("textarea", { name: "context", rows: 2, spellcheck: "false", placeholder: '{"language": "fr"}' })),
    make("div", { class: "wide actions" }, make("button", { type: "submit" }, "Try it"), csvButton(() => {
      const { path, body } = asked();
      return keepCsv(path, "simulation.csv", { method: "POST", body });
    }, answer)));

  function asked() {
    const said = (name) => form.elements[name].value.trim();
    const body = { identified_by: said("identified_by") };
    if (said("segment")) body.segment = said("segment");
    if (said("at")) body.at = said("at");
    if (form.elements.drafts.checked) body.drafts = true;
    if (said("spaces")) body.spaces = said("spaces").split(",").map((one) => one.trim()).filter(Boolean);
    if (said("context")) {
      try {
        body.context = JSON.parse(said("context"));
      } catch {
        throw { title: "It cannot be tried", errors: [{ field: "context", message: "this is not JSON" }] };
      }
    }
    return { path: pathTo(said("environment"), "simulation"), body };
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const { path, body } = asked();
      const found = await call(path, { method: "POST", body });
      answer.replaceChildren(...simulated(found));
      say(`${plural(found.people, "contact")} tried`);
    } catch (problem) {
      answer.replaceChildren(problemBox(problem));
    }
  });
  return make("div", { class: "view", "data-title": "Simulation" }, crumbs(), make("h1", {}, "Try a catalogue on people"),
    make("p", { class: "lead" }, "Who would get what at a time, what nobody would get, and why. People are as they are today; nothing is proposed."),
    form, answer);
}

/** Bars of each row, a colour for each count; numbers stand beside them, so that colours are not all that says which. */
function drawing(items, by) {
  const most = Math.max(1, ...items.flatMap((one) => DRAWN.map((name) => one[name])));
  const line = 14;
  const height = items.length * (DRAWN.length * line + 12);
  const rows = items.flatMap((one, turn) => DRAWN.map((name, place) => {
    const y = turn * (DRAWN.length * line + 12) + place * line;
    const width = (420 * one[name]) / most;
    return [
      place === 0 ? makeSvg("text", { x: 0, y: y + 11, class: "row-name" }, String(one[by]).slice(0, 30)) : null,
      makeSvg("rect", { x: 200, y: y + 2, width: Math.max(width, 1), height: line - 3, class: name }),
      makeSvg("text", { x: 206 + width, y: y + 11 }, `${one[name].toLocaleString()} ${name}`),
    ];
  }));
  return makeSvg("svg", { class: "report", viewBox: `0 0 760 ${height}`, role: "img", "aria-label": `What became of propositions, by ${by}; the table has the same numbers` }, rows);
}

export async function reportView(chosen, chosenBy = "offer") {
  const answer = make("section", { class: "card answer", "aria-live": "polite", "aria-label": "The report" });
  const by = chooser("Counted by", "by", [["offer", "offer"], ["space", "space"], ["day", "day"]]);
  by.querySelector("select").value = chosenBy;
  const form = make("form", { class: "card fields", "aria-label": "What to report" },
    await environmentChooser(chosen), by,
    field("From (time of arrival)", "from", { placeholder: "2026-11-01T00:00:00Z" }), field("Before", "to"),
    make("div", { class: "wide actions" }, make("button", { type: "submit" }, "Report"), csvButton(() => keepCsv(asked(), "offers.csv"), answer)));

  function asked() {
    const said = (name) => form.elements[name].value.trim();
    const query = new URLSearchParams({ by: said("by") });
    for (const name of ["from", "to"]) if (said(name)) query.set(name, said(name));
    return pathTo(said("environment"), `report?${query}`);
  }

  async function show() {
    try {
      const of = form.elements.by.value;
      const { items, next } = await call(`${asked()}&limit=200`);
      answer.replaceChildren(...(items.length
        ? [table("What became of propositions", [of, ...COUNTS], items.map((one) => [one[of], ...COUNTS.map((name) => one[name].toLocaleString())])),
          next ? make("p", { class: "none" }, "These are the first 200; the CSV has all of them.") : null,
          drawing(items.slice(0, 40), of)].filter(Boolean)
        : [make("p", { class: "none" }, "Nothing was proposed.")]));
      say(`${plural(items.length, "row")}`);
    } catch (problem) {
      answer.replaceChildren(problemBox(problem));
    }
  }

  form.addEventListener("submit", (event) => { event.preventDefault(); show(); });
  form.addEventListener("change", show);
  if (form.elements.environment.value) await show();
  return make("div", { class: "view", "data-title": "Report" }, crumbs(), make("h1", {}, "What became of propositions"), form, answer);
}
