// The explorer page: which part of it the address asks for. Nothing is written without a preview.

import { KEYS, byId, call, emptyBox, hrefTo, keepAccessKey, keptAccessKey, learnAccess, learnNamespaces, loading, make, problemBox, say, serverHas } from "./dom.js";
import { catalogueView } from "./catalogue.js";
import { contactView, ownersView } from "./contact.js";
import { anomaliesView, clusterView, clustersView, findingView } from "./findings.js";
import { homeView } from "./home.js";
import { reportView, simulationView } from "./offer_reports.js";
import { offersView } from "./offers.js";
import { peopleView } from "./people.js";
import { searchView } from "./search.js";
import { accessKeysView, auditView, blockedView, judgementsView, namespacesView, segmentsView, settingsView, webhooksView, workflowsView } from "./settings.js";
import { suggestionsView } from "./suggestions.js";
import { tryView } from "./tryout.js";
import { unionsView } from "./unions.js";
import { whyView } from "./why.js";

const VIEWS = {
  "": () => homeView(),
  search: (text) => searchView(text),
  people: (query) => peopleView(query),
  contact: (id, part, more, query) => contactView(id, part, more, { query }),
  anomalies: (kind, state) => anomaliesView(kind, state),
  clusters: () => clustersView(),
  suggestions: (least) => suggestionsView(least),
  unions: (key, value) => unionsView(key, value),
  finding: (id) => findingView(id),
  cluster: (id) => clusterView(id),
  why: (from, to) => whyView(from, to),
  try: (asked) => tryView(asked),
  offers: (part, environment, by) => (part === "simulation" ? simulationView(environment) : part === "report" ? reportView(environment, by) : offersView()),
  catalogue: (environment, part, name) => catalogueView(environment, part, name),
  settings: () => settingsView(),
  blocked: () => blockedView(),
  namespaces: () => namespacesView(),
  segments: (name) => segmentsView(name),
  workflows: (name) => workflowsView(name),
  webhooks: (name) => webhooksView(name),
  judgements: (contact) => judgementsView(contact),
  "access-keys": () => accessKeysView(),
  audit: (query) => auditView(query),
};
const LISTED_UNDER = { finding: "anomalies", cluster: "clusters", catalogue: "offers", contact: "people" };
const TITLES = { anomalies: "Anomalies", clusters: "Clusters", unions: "Unions", suggestions: "One person or two?", why: "The same person?", try: "What if", offers: "Offers" };

let asked = 0;
let shownFor = "";

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const learn = () => Promise.all([learnNamespaces(), learnAccess()]);
let learned = learn();

/**
 * Show what the address of the page says, once it is known what the access key may: a view shown before and once more
 * would lose what was typed into the first. Where another key is given meanwhile, that one is waited for.
 */
function showLearned() {
  byId("main").setAttribute("aria-busy", "true");
  const known = learned;
  known.then(() => { if (known === learned) show(); });
}

/** Show what the address of the page says. */
async function show() {
  const turn = ++asked;
  const [, view = "", ...parts] = location.hash.split("/").map(decoded);
  const main = byId("main");
  for (const link of byId("nav").querySelectorAll("a")) {
    if (link.getAttribute("href") === `#/${LISTED_UNDER[view] ?? view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  openMenu(false);
  // What was looked up stands in the box for as long as it is shown.
  if (view !== "search" && !(view in KEYS) && document.activeElement !== byId("query")) byId("query").value = "";
  main.setAttribute("aria-busy", "true");
  const waiting = setTimeout(() => turn === asked && main.replaceChildren(loading()), 300);
  let shown;
  try {
    const of = VIEWS[view] ?? (view in KEYS ? (value) => ownersView(view, value) : nowhere);
    shown = await of(...parts);
  } catch (problem) {
    if (!(problem.title || problem.detail)) console.error(problem);
    shown = make("div", { class: "view" }, make("h1", { class: "unseen" }, "It did not work"), problemBox(problem, { again: show }));
  }
  clearTimeout(waiting);
  if (turn !== asked) return;
  main.removeAttribute("aria-busy");
  document.title = [shown.dataset?.title ?? TITLES[view], "Kinfold"].filter(Boolean).join(" · ");
  // The part of a contact's page that changed is in place already; who followed a link there stays on it.
  if (main.firstElementChild === shown) return;
  const moved = shownFor !== "" && shownFor !== location.hash;
  const lost = main.contains(document.activeElement) || document.activeElement === document.body;
  shownFor = location.hash || "#/";
  main.replaceChildren(shown);
  if (moved && lost) main.focus({ preventScroll: true });
  if (moved) scrollTo(0, 0);
}

function nowhere() {
  return make("div", { class: "view" }, make("h1", { class: "unseen" }, "Nothing here"), emptyBox("Nothing here", "There is no such page. Look somebody up, or start over at the top."));
}

/** On a narrow screen the pages are listed when they are asked for. */
function openMenu(open) {
  byId("menu").setAttribute("aria-expanded", String(open));
  byId("nav").classList.toggle("open", open);
}

async function showState() {
  const state = byId("state");
  try {
    const { version } = await call("/ready");
    state.textContent = `Ready, version ${version}`;
    state.className = "";
  } catch (problem) {
    state.textContent = problem.title;
    state.className = "away";
  }
}

byId("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const target = hrefTo("search", byId("query").value.trim());
  if (location.hash === target) show();
  else location.hash = target;
});
document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    byId("query").select();
  }
});
byId("menu").addEventListener("click", () => {
  const open = byId("menu").getAttribute("aria-expanded") !== "true";
  openMenu(open);
  if (open) byId("nav").querySelector("a").focus();
});
byId("nav").addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || byId("menu").getAttribute("aria-expanded") !== "true") return;
  openMenu(false);
  byId("menu").focus();
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  byId("main").focus();
});
byId("access").addEventListener("submit", (event) => {
  event.preventDefault();
  keepAccessKey(byId("access-key").value.trim());
  byId("access-key").value = "";
  byId("access").hidden = true;
  byId("change-key").hidden = false;
  learned = learn();
  showLearned();
  showState();
});
byId("access-close").addEventListener("click", () => {
  byId("access").hidden = true;
  byId("main").focus({ preventScroll: true });
});
byId("change-key").addEventListener("click", () => {
  byId("access").hidden = false;
  byId("access-key").focus();
});
byId("change-key").hidden = !keptAccessKey();
addEventListener("kinfold:locked", () => {
  if (!byId("access").hidden) return;
  const reading = ![document.body, byId("main")].includes(document.activeElement);
  byId("access").hidden = false;
  // Who is in the middle of something stays there.
  if (!reading) byId("access-key").focus();
  say("This server asks for an access key");
});
// Something was written to a contact: go on with the contact, whatever key led to it before.
addEventListener("kinfold:changed", ({ detail }) => {
  const target = detail ? hrefTo("contact", detail) : location.hash;
  if (location.hash === target || location.hash.startsWith(`${target}/`)) show();
  else location.hash = target;
});
addEventListener("hashchange", () => { if (location.hash.startsWith("#/") || !location.hash) showLearned(); });
showLearned();
showState();
serverHas("get", "/v1/clusters").then((has) => { byId("nav-clusters").hidden = !has; });
