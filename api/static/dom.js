// What every part of the page uses: elements, calls of the API, values in words.

export const KEYS = { email: "email", tracker_id: "tracker", subscription: "subscription", user_id: "user id" };
const NAMES = ["_name", "name", "_first_name", "first_name", "firstName"];
const KEY_KEPT = "kinfold-access-key";

export const byId = (id) => document.getElementById(id);

/** Make an element; text never becomes markup. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** Keep the access key for as long as this tab is open; none forgets it. */
export function keepAccessKey(key) {
  if (key) sessionStorage.setItem(KEY_KEPT, key);
  else sessionStorage.removeItem(KEY_KEPT);
}

/** Call the API with the access key, if there is one; a problem document is thrown as it is. */
export async function call(path, { method = "GET", body } = {}) {
  const headers = {};
  const key = sessionStorage.getItem(KEY_KEPT);
  if (key) headers.Authorization = `Bearer ${latin(key)}`;
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
  if (response.status === 401 || (response.status === 403 && key)) byId("access").hidden = false;
  if (!response.ok) throw answer ?? { title: "It failed", detail: `Status ${response.status}`, errors: [] };
  return answer;
}

/** Headers are bytes: text goes as UTF-8. */
const latin = (text) => String.fromCharCode(...new TextEncoder().encode(text));

export const say = (text) => { byId("live").textContent = text; };
export const hrefTo = (key, value) => `#/${key}/${encodeURIComponent(value)}`;
export const linkTo = (key, value) => make("a", { href: hrefTo(key, value), class: "mono" }, value);
export const plural = (count, one, many = `${one}s`) => `${count.toLocaleString()} ${count === 1 ? one : many}`;
export const inWords = (value) => (typeof value === "string" ? value : JSON.stringify(value));
export const badgeOf = (kind) => make("span", { class: `badge ${kind}` }, kind);
export const pathOf = (id, more = "") => `/v1/contacts/${encodeURIComponent(id)}${more}`;

export function timeOf(value) {
  if (!value) return make("span", { class: "none" }, "never");
  const date = new Date(value);
  const shown = Number.isNaN(date.getTime())
    ? value
    : date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  return make("time", { datetime: value, title: value }, shown);
}

export function problemBox(problem) {
  const errors = problem.errors ?? [];
  const box = make("div", { class: "bad", role: "alert" }, make("strong", {}, problem.title ?? "Something went wrong"));
  if (errors.length === 0) box.append(make("div", {}, problem.detail ?? String(problem)));
  else box.append(make("ul", {}, ...errors.map((error) => make("li", {}, error.field ? `${error.field}: ${error.message}` : error.message))));
  return box;
}

export function nameOf(contact) {
  const property = NAMES.find((name) => contact.properties?.[name]);
  if (property) return inWords(contact.properties[property]);
  return contact.email ?? contact.user_ids?.[0] ?? (contact.kind === "known" ? "Known, without a name" : "Anonymous visitor");
}

export function group(title, items, shown, none = "none") {
  return make(
    "div", { class: "group" },
    make("h3", {}, title),
    items.length === 0
      ? make("p", { class: "none" }, none)
      : make("ul", {}, ...items.map((item) => make("li", {}, ...[shown(item)].flat()))),
  );
}

/** A list that comes page by page. */
export function pagedList({ path, size, into, shown, noun }) {
  const more = make("button", { type: "button", class: "quiet", onclick: load }, "Show more");
  const state = make("p", { class: "none" }, "Loading …");
  let cursor = null;

  async function load() {
    more.disabled = true;
    try {
      const after = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
      const page = await call(`${path}?limit=${size}${after}`);
      into.append(...page.items.map(shown));
      cursor = page.next;
      more.hidden = cursor === null;
      state.textContent = into.childElementCount ? "" : "none";
      say(`${plural(into.childElementCount, ...noun)} shown`);
    } catch (problem) {
      state.replaceChildren(problemBox(problem));
    }
    more.disabled = false;
  }

  more.hidden = true;
  load();
  return [state, more];
}
