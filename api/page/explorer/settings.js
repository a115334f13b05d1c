// What a deployment keeps beside its people: block list, namespaces, segments, workflows, webhooks, the audit.

import { KEYS, agoOf, badgeOf, byId, call, contactLink, emptyBox, headOf, hrefTo, inWords, keepAccessKey, keptAccessKey, linkTo, make, may, pagedList, problemBox, say, shortId, takes } from "./dom.js";

const none = () => make("span", { class: "none" }, "—");
const path = (...parts) => `/v1/${parts.map(encodeURIComponent).join("/")}`;

/** A table that comes page by page. Each column is a head and what it shows of an item. */
function tableOf({ title, from, query = "", columns, noun, empty, before = null, lead = "", part = false }) {
  const rows = make("tbody");
  return make(
    part ? "section" : "div", { class: part ? "stack" : "view", "data-title": part ? null : title },
    make(part ? "h2" : "h1", {}, title),
    lead ? make("p", { class: "lead" }, lead) : null,
    before,
    make("div", { class: "wide-table", tabindex: 0, role: "region", "aria-label": title },
      make("table", { class: "list" },
        make("thead", {}, make("tr", {}, columns.map(([head, , kind]) => headOf(head, kind)))), rows)),
    pagedList({
      path: from, query, size: 50, into: rows, noun, none: emptyBox(...empty),
      shown: (item) => make("tr", {}, columns.map(([, shown, kind]) => make("td", { class: kind }, shown(item) ?? none()))),
    }),
  );
}

/** A form in one line; what a refusal says stands beside the field that it is about. Others than those of a scope are told. */
function lineForm({ fields, verb, send, done, scope, what }) {
  const place = make("div", { class: "wide" });
  const form = make(
    "form", { class: "card fields" },
    fields, make("div", { class: "actions" }, make("button", { type: "submit" }, verb)), place);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    place.replaceChildren();
    for (const told of form.querySelectorAll(".beside")) told.remove();
    try {
      await send(Object.fromEntries(new FormData(form)));
      say(done);
      dispatchEvent(new CustomEvent("kinfold:changed"));
    } catch (problem) {
      const left = (problem.errors ?? []).filter((error) => {
        const field = form.elements[error.field] ?? form.elements[error.field?.split(/[.[]/)[0]];
        field?.closest?.("label")?.append(make("span", { class: "beside", role: "alert" }, error.message));
        return !field?.closest;
      });
      if (left.length || !problem.errors?.length) place.replaceChildren(problemBox({ ...problem, errors: left }));
    }
  });
  return takes(scope, form, what);
}

/** A button that does one thing at once, and says what was wrong; nothing for who may not. */
export function act(words, label, work, scope = "admin") {
  const button = make("button", { type: "button", class: "quiet small", "aria-label": label, onclick: async () => {
    button.disabled = true;
    try {
      await work();
      dispatchEvent(new CustomEvent("kinfold:changed"));
    } catch (problem) {
      button.after(problemBox(problem));
      button.disabled = false;
    }
  } }, words);
  return takes(scope, button);
}

export const chooser = (label, name, options) => make("label", {}, label, make("select", { name }, options.map(([value, words]) => make("option", { value }, words))));
export const field = (label, name, more = {}) => make("label", {}, label, make("input", { name, autocomplete: "off", autocapitalize: "none", spellcheck: "false", ...more }));

export function settingsView() {
  const lists = [
    ["segments", "Segments", "Lists by hand, and conditions whose members follow from them."],
    ["workflows", "Workflows", "Who is in them, and what their nodes did."],
    ["blocked", "Block list", "Values that name nobody, and those that are let through."],
    ["namespaces", "Namespaces", "Which kinds of keys there are, and how many of each."],
    ["webhooks", "Webhooks", "Where changes are delivered, and what was not taken."],
    ["judgements", "Judgements", "Who is kept apart from whom, or from which key, and what was split."],
    ["access-keys", "Access keys", "Who may do what. It takes an admin key."],
    ["audit", "Audit", "Who did what, to whom, and why. It takes an admin key."],
  ];
  return make(
    "div", { class: "view", "data-title": "Lists and settings" }, make("h1", {}, "Lists and settings"),
    make("ul", { class: "cards owners" }, lists.map(([part, title, words]) => make(
      "li", { class: "card" }, make("h2", {}, make("a", { href: hrefTo(part) }, title)), make("p", { class: "soft" }, words)))));
}

export async function blockedView() {
  const { items } = await call("/v1/namespaces");
  const whose = (namespace) => (namespace ? `?namespace=${encodeURIComponent(namespace)}` : "");
  const kinds = { value: "Block a value", pattern: "Block a pattern", allow: "Let a value through" };
  return tableOf({
    title: "Block list", from: "/v1/blocked", noun: ["rule"], empty: ["No rules", "The built-in list holds without one."],
    lead: "What stands here names nobody in events to come, beside the built-in list. What a value has tied together so far is taken back under Unions.",
    before: lineForm({
      fields: [
        chooser("What", "kind", Object.entries(kinds)),
        field("Value", "value", { required: true, maxlength: 1024 }),
        chooser("Of the namespace", "namespace", [["", "every one"], ...items.map(({ name }) => [name, name])]),
      ],
      verb: "Add", done: "Added", scope: "steward", what: "Changing this list", send: ({ kind, value, namespace }) => call(path("blocked", kind, value) + whose(namespace), { method: "PUT", body: {} }),
    }),
    columns: [
      ["What", ({ kind }) => kinds[kind]],
      ["Value", ({ value }) => make("span", { class: "mono" }, value), "first"],
      ["Namespace", ({ namespace }) => namespace ?? "every one"],
      ["Since", ({ at }) => agoOf(at)],
      ["", ({ kind, value, namespace }) => act("Take back", `Take back the rule for ${value}`, () => call(path("blocked", kind, value) + whose(namespace), { method: "DELETE" }), "steward")],
    ],
  });
}

export function namespacesView() {
  return tableOf({
    title: "Namespaces", from: "/v1/namespaces", noun: ["namespace"], empty: ["None", ""],
    lead: "The kinds of keys that this deployment knows; they are declared in the file of KINFOLD_KEYS.",
    columns: [
      ["Name", ({ name }) => make("a", { href: hrefTo("people", `has=${name}`) }, name), "first"],
      ["Class", (one) => one.class],
      ["Asked as number", ({ priority }) => priority, "number"],
      ["At most", ({ at_most: most }) => most, "number"],
      ["Written as", ({ normalise }) => normalise],
      ["Keys", ({ keys }) => keys.toLocaleString(), "number"],
    ],
  });
}

function conditionOf(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw { title: "The condition is not JSON", detail: error.message, errors: [{ field: "where", message: `it is not JSON: ${error.message}` }] };
  }
}

export async function segmentsView(name = "") {
  if (name) {
    const { kind, where } = await call(path("segments", name));
    const edit = kind === "static" ? lineForm({
      fields: [field("A contact's id", "contact", { required: true })], verb: "Put on the list", done: "On the list", scope: "steward", what: "Changing this list",
      send: ({ contact }) => call(path("segments", name, "members", contact.trim()), { method: "PUT", body: {} }),
    }) : null;
    return tableOf({
      title: name, from: `${path("segments", name)}/members`, noun: ["member"], empty: ["Nobody", "Nobody is in this segment now."],
      lead: kind === "static" ? "A list by hand." : `Whoever meets ${inWords(where)}.`, before: edit,
      columns: [
        ["Contact", ({ id }) => contactLink(id), "first"], ["Kind", (one) => badgeOf(one.kind)],
        ...(kind === "static" ? [["", ({ id }) => act("Take off", `Take off the list: ${id}`, () => call(path("segments", name, "members", id), { method: "DELETE" }), "steward")]] : []),
      ],
    });
  }
  return tableOf({
    title: "Segments", from: "/v1/segments", noun: ["segment"], empty: ["No segments", "Make one: a list by hand, or a condition whose members follow from it."],
    before: lineForm({
      fields: [
        field("Name", "name", { required: true, maxlength: 255 }),
        chooser("Kind", "kind", [["static", "static: a list by hand"], ["dynamic", "dynamic: properties and keys"], ["dynamic_plus", "dynamic plus: activity too"]]),
        field("Condition, as JSON", "where", { placeholder: '{"property": "country", "is": "FR"}' }),
      ],
      verb: "Make", done: "Made", scope: "admin", what: "Making a segment",
      send: ({ name: called, kind, where }) => call(path("segments", called.trim()), { method: "PUT", body: { kind, ...(where.trim() ? { where: conditionOf(where) } : {}) } }),
    }),
    columns: [
      ["Name", (one) => make("a", { href: hrefTo("segments", one.name) }, one.name), "first"],
      ["Kind", ({ kind }) => kind.replace("_", " ")],
      ["People", (one) => make("a", { href: hrefTo("people", new URLSearchParams({ segment: one.name }).toString()) }, "as a table")],
      ["Condition", ({ where }) => (where ? make("span", { class: "mono", title: inWords(where) }, inWords(where)) : null), "cut"],
      ["Changed", (one) => agoOf(one.changed_at)],
    ],
  });
}

export function workflowsView(name = "") {
  if (name) {
    return tableOf({
      title: name, from: `${path("workflows", name)}/contacts`, noun: ["contact"], empty: ["Nobody", "Nobody is in this workflow."],
      columns: [
        ["Contact", ({ id }) => contactLink(id), "first"], ["Kind", (one) => badgeOf(one.kind)], ["Status", ({ status }) => status],
        ["Nodes", ({ nodes }) => Object.keys(nodes).join(", ") || null, "cut"],
      ],
    });
  }
  return tableOf({
    title: "Workflows", from: "/v1/workflows", noun: ["workflow"], empty: ["No workflows", "None was made yet."],
    before: lineForm({ fields: [field("Name", "name", { required: true, maxlength: 255 })], verb: "Make", done: "Made", scope: "admin", what: "Making a workflow", send: (one) => call(path("workflows", one.name), { method: "PUT", body: {} }) }),
    columns: [
      ["Name", (one) => make("a", { href: hrefTo("workflows", one.name) }, one.name), "first"],
      ["Enrolled", ({ enrolments }) => enrolments.toLocaleString(), "number"],
      ["Made", (one) => agoOf(one.created_at)],
    ],
  });
}

export function webhooksView(name = "") {
  if (name) {
    return tableOf({
      title: `${name}: not taken`, from: `${path("webhooks", name)}/dead`, noun: ["dead letter"], empty: ["Nothing was lost", "Every change was taken."],
      before: takes("admin", make("p", {}, act("Send all again", "Send all dead letters again", () => call(`${path("webhooks", name)}/replay`, { method: "POST", body: {} }))), "Sending them again"),
      columns: [
        ["Change", ({ change }) => change.kind ?? change.type, "first"],
        ["Contact", ({ change }) => (change.contact ? contactLink(change.contact) : null)],
        ["Given up", (one) => agoOf(one.died_at)],
        ["Why", ({ error }) => error, "cut"],
        ["", ({ replay }) => (replay ? "is sent again" : null)],
      ],
    });
  }
  return tableOf({
    title: "Webhooks", from: "/v1/webhooks", noun: ["webhook"], empty: ["No webhooks", "Add one: changes are sent there as they happen."],
    before: lineForm({
      fields: [field("Name", "name", { required: true, maxlength: 255 }), field("Address", "url", { required: true, type: "url" }), field("Secret (whsec_…)", "secret", { required: true, type: "password" })],
      verb: "Add", done: "Added", scope: "admin", what: "Adding a webhook", send: (one) => call(path("webhooks", one.name), { method: "PUT", body: { url: one.url, secret: one.secret } }),
    }),
    columns: [
      ["Name", (one) => make("a", { href: hrefTo("webhooks", one.name) }, one.name), "first"],
      ["Address", ({ url }) => make("span", { class: "mono", title: url }, url), "cut"],
      ["Delivered", (one) => agoOf(one.delivered_at)],
      ["State", (one) => (one.failing_since ? make("span", { class: "badge warn", title: one.error ?? "" }, "failing") : "well")],
      ["", (one) => act("Remove", `Remove the webhook ${one.name}`, () => call(path("webhooks", one.name), { method: "DELETE" }))],
    ],
  });
}

/** A view in whose place others than those with an admin key are told so. */
const forAdmins = (title, words) => make("div", { class: "view", "data-title": title }, make("h1", {}, title), emptyBox("It takes an admin key", words));

export function auditView(asked = "") {
  if (!may("admin")) return forAdmins("Audit", "The audit shows who reads whom: the key that this page sends may not see it.");
  const query = new URLSearchParams(asked);
  const value = (name) => ({ value: query.get(name) ?? "" });
  const form = make(
    "form", { class: "card fields filters", role: "search", "aria-label": "Filter the audit" },
    field("By whom", "by", value("by")), field("What", "what", { ...value("what"), placeholder: "exported" }), field("Contact", "contact", value("contact")),
    make("div", { class: "actions" }, make("button", { type: "submit" }, "Show")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = new URLSearchParams([...new FormData(form)].filter(([, text]) => text.trim()));
    location.hash = wanted.size ? hrefTo("audit", wanted.toString()) : hrefTo("audit");
  });
  byId("query").value = "";
  return tableOf({
    title: "Audit", from: "/v1/audit", query: query.size ? `&${query}` : "", noun: ["entry", "entries"], empty: ["Nothing", "Nothing was done like that."], before: form,
    columns: [
      ["When", ({ at }) => agoOf(at)], ["By", ({ by }) => by], ["What", ({ what, details }) => [what.replaceAll("_", " "), details?.call ? ` (${details.call})` : ""], "first"],
      // By their ids: to ask for names is a read, which would stand here in its turn.
      ["Whom", ({ contact, other }) => (contact ? [contactLink(contact, shortId(contact)), other ? [" and ", contactLink(other, shortId(other))] : ""] : null)],
      ["Why", ({ why }) => why, "cut"],
    ],
  });
}

export async function judgementsView(contact = "") {
  const { items: namespaces } = await call("/v1/namespaces");
  const about = contact ? `&contact=${encodeURIComponent(contact)}` : "";
  const judged = tableOf({
    title: "Judgements", from: "/v1/judgements", query: about, noun: ["judgement"], empty: ["No judgements", "Nobody is kept apart from anybody."],
    lead: "Two contacts, or a contact and a key, that no event brings together, whatever it says. Taken back, they may be brought together again.",
    before: lineForm({
      fields: [
        field("A contact's id", "contact", { required: true }), field("Apart from the contact", "other", { placeholder: "its id, or a key instead" }),
        chooser("Or from the", "namespace", namespaces.map(({ name }) => [name, KEYS[name] ?? name])), field("Key", "value", { maxlength: 1024 }), field("Why", "why", { maxlength: 500 }),
      ],
      verb: "Keep apart", done: "Kept apart", scope: "steward", what: "Keeping somebody apart",
      send: ({ contact: one, other, namespace, value, why }) => call("/v1/judgements", { method: "POST", body: {
        verdict: "apart", ...(other.trim() ? { contacts: [one.trim(), other.trim()] } : { contact: one.trim(), key: { [namespace]: value } }), ...(why.trim() ? { why: why.trim() } : {}),
      } }),
    }),
    columns: [
      ["Apart", ({ contacts, key }) => [contactLink(contacts[0]), " and ", contacts[1] ? contactLink(contacts[1]) : Object.entries(key ?? {}).map(([name, value]) => [`the ${KEYS[name] ?? name} `, linkTo(name, value)])], "first"],
      ["Why", ({ why }) => why, "cut"], ["By", ({ by }) => by], ["Since", ({ at }) => agoOf(at)],
      ["", ({ id }) => act("Take back", "Take back the judgement", () => call(path("judgements", id), { method: "DELETE" }), "steward")],
    ],
  });
  const splits = tableOf({
    title: "Splits", from: "/v1/splits", query: about, noun: ["split"], empty: ["No splits", "No contact was taken apart."], part: true,
    columns: [
      ["Contact", ({ contact: whole }) => contactLink(whole), "first"],
      ["Around", ({ around }) => Object.entries(around ?? {}).map(([name, value]) => `${KEYS[name] ?? name} ${value}`).join(", ") || null, "cut"],
      ["Parts", ({ parts }) => parts.length.toLocaleString(), "number"], ["Why", ({ why }) => why, "cut"], ["By", ({ by }) => by], ["When", ({ at }) => agoOf(at)],
      ["", ({ id, undone_at: undone }) => (undone ? ["taken back ", agoOf(undone)] : act("Take back", "Take back the split", () => call(`${path("splits", id)}/undo`, { method: "POST", body: {} }), "steward"))],
    ],
  });
  judged.append(splits);
  return judged;
}

const SCOPES = {
  write: "write: sends events", read: "read: looks and previews", analyst: "analyst: reads, and dismisses findings",
  steward: "steward: and whatever can be taken back", admin: "admin: everything",
};
let made = null;

export async function accessKeysView() {
  if (!may("admin")) return forAdmins("Access keys", "The key that this page sends may not see those of others.");
  const { items } = await call("/v1/access-keys?limit=1");
  const fresh = made;
  // It is shown this once.
  made = null;
  const form = lineForm({
    fields: [
      field("Whose it is", "name", { maxlength: 255, placeholder: "shop" }),
      make("label", {}, "What it may", make("select", { name: "scope" }, Object.entries(SCOPES).map(([value, words]) => make("option", { value, selected: value === (items.length ? "read" : "admin") }, words)))),
      chooser("Answers to a write key", "answer", [["", "as the deployment says"], ["full", "full"], ["minimal", "minimal: nothing about anybody"]]),
    ],
    verb: "Make", done: "Made", scope: "admin",
    send: async ({ name, scope, answer }) => {
      made = await call("/v1/access-keys", { method: "POST", body: { name: name.trim(), scope, ...(answer ? { answer } : {}) } });
      // The server asks for keys from the first one on.
      if (!keptAccessKey() && scope === "admin") keepAccessKey(made.key);
    },
  });
  return tableOf({
    title: "Access keys", from: "/v1/access-keys", noun: ["key"], empty: ["No keys", "Keys of the environment are not listed."],
    lead: "Of a key only its digest is kept: it is shown once, when it is made. A revoked one is refused everywhere within about five seconds.",
    before: [
      items.length || keptAccessKey() ? null : make("p", { class: "note" }, "This server asks nobody for a key. With the first one it asks everybody: begin with an admin key, which this tab then uses."),
      form,
      fresh ? make("div", { class: "note bar made", role: "status" },
        make("p", {}, `The ${fresh.scope} key${fresh.name ? ` of ${fresh.name}` : ""}, shown this once: `, make("code", {}, fresh.key)), copyOf(fresh.key)) : null,
    ],
    columns: [
      ["Name", ({ name }) => name || null, "first"], ["Id", ({ id }) => make("span", { class: "mono" }, id)],
      ["May", ({ scope, answer }) => [scope, answer ? ` (${answer})` : ""]], ["Made", (one) => agoOf(one.created_at)],
      ["", ({ id, name, scope, revoked_at: revoked }) => (revoked ? ["revoked ", agoOf(revoked)] : revoking(id, name || scope))],
    ],
  });
}

function copyOf(key) {
  const button = make("button", { type: "button", class: "quiet small", onclick: async () => {
    try {
      await navigator.clipboard.writeText(key);
      button.textContent = "Copied";
      say("Copied");
    } catch {
      button.textContent = "Not allowed here";
    }
  } }, "Copy");
  return button;
}

/** Revoking cannot be taken back: it is asked for twice. */
function revoking(id, words) {
  const place = make("span", { class: "actions" });
  const ask = make("button", { type: "button", class: "quiet small", "aria-label": `Revoke the key ${words}`, onclick: () => {
    const sure = act("Revoke for good", `Revoke the key ${words} for good`, () => call(path("access-keys", id), { method: "DELETE" }));
    place.replaceChildren(sure, make("button", { type: "button", class: "quiet small", onclick: () => { place.replaceChildren(ask); ask.focus(); } }, "Keep it"));
    sure.focus();
  } }, "Revoke");
  place.append(ask);
  return place;
}
