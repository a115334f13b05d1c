// What every part of the page uses: elements, calls of the API, values in words.

/** Namespaces of keys as they are spoken of: four that are always there, then those that the deployment declares. */
export const KEYS = { email: "email", user_id: "user id", tracker_id: "tracker", subscription: "subscription" };
export const ALWAYS = Object.keys(KEYS);
const DRAWN = new Set([...ALWAYS, "contact", "folded", "group", "other"]);
const NAMES = ["_name", "name", "_first_name", "first_name", "firstName"];
const KEY_KEPT = "kinfold-access-key";
const TENANT = new URLSearchParams(location.search).get("tenant");
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

export const byId = (id) => document.getElementById(id);

/** Make an element; text never becomes markup. */
export function make(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** Make an element of a drawing. */
export function makeSvg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== "" && child !== false));
  return element;
}

/** Keep the access key for as long as this tab is open; none forgets it. */
export function keepAccessKey(key) {
  if (key) sessionStorage.setItem(KEY_KEPT, key);
  else sessionStorage.removeItem(KEY_KEPT);
}

export const keptAccessKey = () => sessionStorage.getItem(KEY_KEPT);

/** Tell later whether the key is still that of now: a late answer to a call from before says nothing of another key. */
function sameKey() {
  const key = keptAccessKey();
  return () => key === keptAccessKey();
}

/** Who asks, and of which tenant. */
export function accessHeaders() {
  const headers = {};
  const key = keptAccessKey();
  if (key) headers.Authorization = `Bearer ${latin(key)}`;
  // Of several tenants on this machine without keys: /?tenant=north says whose contacts are shown.
  if (TENANT) headers["X-Kinfold-Tenant"] = latin(TENANT);
  return headers;
}

/** Call the API with the access key, if there is one; a problem document is thrown as it is. */
export async function call(path, { method = "GET", body } = {}) {
  const headers = accessHeaders();
  const stillSo = sameKey();
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw { title: "The server cannot be reached", detail: "Is `kinfold serve` still running?", errors: [] };
  }
  const text = await response.text();
  let answer = null;
  try {
    answer = text ? JSON.parse(text) : null;
  } catch {
    answer = { title: "The answer is not JSON", detail: `Status ${response.status}`, errors: [], status: response.status };
  }
  // A key that may not do this is no reason to ask for another: what failed says so where it was asked for.
  if (response.status === 401 && stillSo()) dispatchEvent(new CustomEvent("kinfold:locked"));
  if (!response.ok) throw answer ?? { title: "It failed", detail: `Status ${response.status}`, errors: [], status: response.status };
  return answer;
}

/** Learn which namespaces of keys the deployment declares. Whoever may not read is told so where it matters. */
export async function learnNamespaces() {
  const { items } = await call("/v1/namespaces").catch(() => ({ items: [] }));
  for (const { name, class: kind } of items) {
    KEYS[name] ??= name.replaceAll("_", " ");
    if (kind === "subscription") subscriptions.add(name);
  }
}

const subscriptions = new Set(["subscription"]);

/** Tell whether the keys of a namespace are subscriptions. */
export const isSubscription = (name) => subscriptions.has(name);

let opened = null;

/** Learn what the access key may. Who is refused may nothing; where nothing could be learned, nothing is withheld. */
export async function learnAccess() {
  const stillSo = sameKey();
  let found;
  try {
    found = new Set((await call("/v1/access")).may);
  } catch ({ status }) {
    found = status === 401 || status === 403 ? new Set() : null;
  }
  if (stillSo()) opened = found;
}

/** Tell whether the access key opens the calls of a scope. */
export const may = (scope) => opened === null || opened.has(scope);

/** What a key of a scope may do; to others `what` says what it would be and which key it takes, or nothing where that stands nearby. */
export function takes(scope, element, what = "") {
  if (may(scope)) return element;
  return what ? make("p", { class: "soft" }, `${what} takes ${/^[aeiou]/.test(scope) ? "an" : "a"} ${scope} key.`) : null;
}

/** Headers are bytes: text goes as UTF-8. */
const latin = (text) => String.fromCharCode(...new TextEncoder().encode(text));

let calls;

/** List what values a field of a document may have; the OpenAPI document says so. */
export async function valuesOf(schema, field) {
  try {
    calls ??= call("/openapi.json");
    return (await calls).components?.schemas?.[schema]?.properties?.[field]?.enum ?? [];
  } catch {
    calls = undefined;
    return [];
  }
}

/** Tell whether this server has a call; its OpenAPI document says so. */
export async function serverHas(method, path) {
  try {
    calls ??= call("/openapi.json");
    return Boolean((await calls).paths?.[path]?.[method]);
  } catch {
    calls = undefined;
    return false;
  }
}

export const say = (text) => { byId("live").textContent = text; };
export const hrefTo = (...parts) => `#/${parts.map(encodeURIComponent).join("/")}`;
export const shortId = (id) => (/^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(id) ? `…${id.slice(-8)}` : id);
export const linkTo = (key, value, words = value) => make("a", { href: hrefTo(key, value), class: "mono" }, words);

const names = new Map();
let unnamed = new Map();

/** A link to a contact: by its words, else by its name once that is known; the id stands in its title. */
export function contactLink(id, words = null) {
  const link = make("a", { href: hrefTo("contact", id), class: "mono", title: id }, words ?? shortId(id));
  if (words === null) {
    link.dataset.contact = id;
    if (names.has(id)) named(link);
    else {
      if (!unnamed.size) setTimeout(askNames, 30);
      unnamed.set(id, [...(unnamed.get(id) ?? []), link]);
    }
  }
  return link;
}

function named(link) {
  const name = names.get(link.dataset.contact);
  if (!name) return;
  link.textContent = name;
  link.classList.remove("mono");
}

/** Ask for the names of the contacts that links were made of meanwhile, a page at once; a link without stays an id. */
async function askNames() {
  const links = unnamed;
  unnamed = new Map();
  const asked = [...links.keys()];
  for (let start = 0; start < asked.length; start += 200) {
    const contacts = asked.slice(start, start + 200);
    try {
      const found = (await call("/v1/contacts/names", { method: "POST", body: { contacts } })).names;
      for (const id of contacts) names.set(id, found[id]?.name ?? null);
      for (const id of contacts) for (const link of links.get(id)) named(link);
    } catch {
      return;
    }
  }
}

// What somebody is called may change with what is written.
addEventListener("kinfold:changed", () => names.clear());
addEventListener("kinfold:erased", () => names.clear());

export const plural = (count, one, many = `${one}s`) => `${count.toLocaleString()} ${count === 1 ? one : many}`;
export const inWords = (value) => (typeof value === "string" ? value : JSON.stringify(value));
export const badgeOf = (kind) => make("span", { class: kind === "known" ? "badge known" : "badge" }, kind);
export const pathOf = (id, more = "") => `/v1/contacts/${encodeURIComponent(id)}${more}`;
export const iconPath = (name) => `/static/icons/${DRAWN.has(name) ? name : "key"}.svg`;
export const iconOf = (name) => make("img", { src: iconPath(name), alt: "", width: 16, height: 16, class: "icon" });
/** A head of a column; one without words is of buttons. */
export const headOf = (words, kind = null) => make("th", { scope: "col", class: kind }, words || make("span", { class: "unseen" }, "Actions"));
export const loading = (words = "Loading …") => make("p", { class: "loading" }, words);

const STEPS = [["year", 31_557_600], ["month", 2_629_800], ["day", 86_400], ["hour", 3_600], ["minute", 60]];

export function timeOf(value, options = { dateStyle: "medium", timeStyle: "short" }) {
  if (!value) return make("span", { class: "none" }, "never");
  const date = new Date(value);
  const shown = Number.isNaN(date.getTime()) ? value : date.toLocaleString(undefined, options);
  return make("time", { datetime: value, title: value }, shown);
}

/** Whether something arrived so much later than it happened that both times are told. */
const isLate = (occurred, arrived) => arrived && Math.abs(Date.parse(arrived) - Date.parse(occurred)) >= 60_000;

/** How long ago something was; the exact time on hover, and when it arrived here where that is another. */
export function agoOf(value, arrived = null) {
  if (!value) return timeOf(value);
  const seconds = (Date.parse(value) - Date.now()) / 1000;
  const [unit, size] = STEPS.find(([, least]) => Math.abs(seconds) >= least) ?? ["second", 1];
  const words = Math.abs(seconds) < 60 ? "just now" : new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(Math.round(seconds / size), unit);
  const time = timeOf(value);
  time.title = `${time.textContent} (${value})${isLate(value, arrived) ? `, arrived ${timeOf(arrived).textContent}` : ""}`;
  time.textContent = words;
  return time;
}

/** When something happened, and when it arrived here where that is another day; null: its event is kept no more. */
export function whenOf(occurred, arrived, options) {
  const shown = (value) => (options ? timeOf(value, options) : agoOf(value));
  if (!occurred) return arrived ? make("span", {}, "arrived ", shown(arrived)) : timeOf(null);
  if (!isLate(occurred, arrived)) return shown(occurred);
  return make("span", {}, timeOf(occurred, options), " ", make("span", { class: "arrived" }, "(arrived ", timeOf(arrived, options), ")"));
}

/** Make links of the contacts' ids in a sentence, shortened. `own` is the contact that is being looked at. */
export function withLinks(words, own) {
  const parts = [];
  let end = 0;
  for (const { 0: id, index } of words.matchAll(UUID)) {
    const before = words.slice(end, index);
    const isContact = /contact $/i.test(before);
    parts.push(before, isContact && id !== own ? contactLink(id) : make("span", { class: "mono", title: id }, shortId(id)));
    end = index + id.length;
  }
  return [...parts, words.slice(end)].filter(Boolean);
}

/** What went wrong; `again` is what to do once more when it may work then. */
export function problemBox(problem, { again = null } = {}) {
  const errors = problem.errors ?? [];
  const box = make("div", { class: "bad", role: "alert" }, make("strong", {}, problem.title ?? "Something went wrong"));
  if (errors.length === 0) box.append(make("div", {}, problem.detail ?? String(problem)));
  else box.append(make("ul", {}, errors.map((error) => make("li", {}, error.field ? `${error.field}: ${error.message}` : error.message))));
  // What was refused is refused again; what is not there stays away.
  const mayWork = !problem.status || problem.status >= 500 || problem.status === 429 || problem.status === 401;
  if (again && mayWork) box.append(make("div", { class: "actions" }, make("button", { type: "button", class: "quiet small", onclick: () => again() }, "Try again")));
  return box;
}

export function emptyBox(title, ...words) {
  return make("div", { class: "empty" }, make("h2", {}, title), make("p", {}, words));
}

export function nameOf(contact) {
  // The server's name, unless it is but a device's.
  const { name, id = "", trackers = [], subscriptions = [] } = contact;
  if (name && !id.endsWith(name) && !trackers.includes(name) && !subscriptions.some((one) => one.id === name)) return name;
  const property = NAMES.find((one) => contact.properties?.[one]);
  if (property) return inWords(contact.properties[property]);
  return contact.email ?? contact.user_ids?.[0] ?? (contact.kind === "known" ? "Known, without a name" : "Anonymous visitor");
}

/** What the button says that shows more of a list of which some are left. */
export const moreWords = (step, left) => (left <= step ? `Show ${left.toLocaleString()} more` : `Show ${step} of ${left.toLocaleString()} more`);

/** Fill a list with its first few items; the button that is given with it shows the others. */
export function opening(list, items, shown, { first = 8, step = 50, entry = {} } = {}) {
  const more = make("button", { type: "button", class: "quiet small" });
  let end = 0;
  const show = (count) => {
    list.append(...items.slice(end, end + count).map((item) => make("li", entry, shown(item))));
    end = Math.min(items.length, end + count);
    const left = items.length - end;
    more.hidden = left === 0;
    more.textContent = moreWords(step, left);
  };
  more.addEventListener("click", () => {
    const next = end;
    show(step);
    list.children[next]?.querySelector("a, button")?.focus();
  });
  show(first);
  return [list, more];
}

/** A list of which the first few are shown, and the others when they are asked for. */
export function group(title, items, shown, { none = "none", first = 8, step = 50 } = {}) {
  return make(
    "div", { class: "group" },
    make("h3", {}, title, " ", items.length > 1 ? make("span", { class: "count" }, items.length.toLocaleString()) : null),
    items.length === 0 ? make("p", { class: "none" }, none) : opening(make("ul", {}), items, shown, { first, step }),
  );
}

/** A list that comes page by page; `shown` makes an element of each item, `onPage` is told of each page. */
export function pagedList({ path, query = "", size, into, shown, onPage, noun, none = "none" }) {
  const more = make("button", { type: "button", class: "quiet", onclick: () => load() }, "Show more");
  const state = make("div", { class: "list-state" }, loading());
  let cursor = null;
  let count = 0;

  async function load() {
    more.disabled = true;
    try {
      const after = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
      const page = await call(`${path}?limit=${size}${query}${after}`);
      if (shown) into.append(...page.items.flatMap((item) => shown(item)));
      onPage?.(page.items, page);
      count += page.items.length;
      cursor = page.next;
      more.hidden = cursor === null;
      state.replaceChildren(...(count ? [] : [none].flat().map((part) => (typeof part === "string" ? make("p", { class: "none" }, part) : part))));
      say(`${plural(count, ...noun)} shown`);
    } catch (problem) {
      more.hidden = true;
      state.replaceChildren(problemBox(problem, { again: () => { state.replaceChildren(loading()); load(); } }));
    }
    more.disabled = false;
  }

  more.hidden = true;
  load();
  return [state, more];
}
