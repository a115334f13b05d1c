// Changes by hand: keys given and taken, unions made and taken back; each is previewed before it can be done.

import { KEYS, call, contactLink, inWords, make, nameOf, pathOf, plural, problemBox, say, takes } from "./dom.js";
import { contactsFor, foundBy } from "./lookup.js";

const isList = (value) => Array.isArray(value) && value.every((item) => typeof item === "string");

const isSubscriptions = (value) => Array.isArray(value) && value.every((item) => item && typeof item === "object" && "state" in item);

const isNothing = (value) => value === null || (Array.isArray(value) && value.length === 0);

/** Write a value of a field; a list one item a line. */
function valueShown(value) {
  if (isNothing(value)) return make("span", { class: "none" }, "nothing");
  if (isSubscriptions(value)) return make("span", {}, ...value.map(({ id, state, shared_with: others }) => make("span", { class: "datum" }, id, `, ${state}`, others?.length ? `, shared with ${others.length}` : "")));
  return isList(value) ? make("span", {}, ...value.map((item) => make("span", { class: "datum" }, item))) : inWords(value);
}

function fateOf(change) {
  if (!change.exists_before) return " would come back";
  return change.exists_after ? " would change" : " would be folded";
}

function changeTable(change) {
  return make(
    "div", {},
    make("table", { class: "changes" },
      make("caption", {}, "Contact ", contactLink(change.contact, change.contact), fateOf(change)),
      make("thead", {}, make("tr", {}, ...["Field", "Now", "Then"].map((head) => make("th", { scope: "col" }, head)))),
      make("tbody", {}, ...change.changes.filter(({ before, after }) => !(isNothing(before) && isNothing(after))).map(({ field, before, after }) => make(
        "tr", {}, make("th", { scope: "row" }, field), make("td", {}, valueShown(before)), make("td", {}, valueShown(after)),
      )))),
  );
}

/**
 * Show what a call would change and, once that is confirmed, make it.
 *
 * `place` takes the preview; `from` gets the focus back when it is left; `act` makes the call.
 */
async function offer({ place, from, path, query = "", body, verb, contact, onDone }) {
  const ask = `${path}?dry_run=true${query && `&${query}`}`;
  const real = query ? `${path}?${query}` : path;
  const leave = () => { place.replaceChildren(); from.focus(); };
  try {
    const { changes } = await call(ask, { method: "POST", body });
    const act = make("button", { type: "button" }, verb);
    act.addEventListener("click", async () => {
      act.disabled = true;
      try {
        const done = await call(real, { method: "POST", body });
        say("Done");
        if (onDone) onDone(done, place);
        else dispatchEvent(new CustomEvent("kinfold:changed", { detail: contact(done) }));
      } catch (problem) {
        place.replaceChildren(problemBox(problem));
      }
    });
    const preview = make(
      "div", { class: "preview", tabindex: "-1", role: "group", "aria-label": "Preview" },
      changes.length === 0 ? make("p", {}, "Nothing would change.") : null,
      ...changes.map(changeTable),
      make("div", { class: "actions" },
        changes.length ? takes("steward", act, "Doing this") : null,
        make("button", { type: "button", class: "quiet", onclick: leave }, "Leave it as it is")),
    );
    place.replaceChildren(preview);
    preview.focus();
    say(`${plural(changes.length, "contact")} would change; nothing is done yet`);
  } catch (problem) {
    const box = problemBox(problem);
    place.replaceChildren(box);
    if (problem.owner) box.append(make("p", {}, "Its owner is ", contactLink(problem.owner), "."));
    if (problem.covering) {
      const cascade = () => offer({ place, from, path, query: "cascade=true", body, verb, contact, onDone });
      box.append(make("button", { type: "button", class: "quiet small", onclick: cascade }, "Preview undoing those first"));
    }
  }
}

/** A small button with the place for its preview beneath it. */
function small(label, named, { place: given, ...offering }) {
  const place = given ?? make("div", { class: "place" });
  const button = make("button", { type: "button", class: "quiet small", "aria-label": named }, label);
  button.addEventListener("click", () => offer({ place, from: button, ...offering }));
  return make("div", { class: "small-act" }, button, given ? null : place);
}

export function takeKeyButton(contact, key, value) {
  return small("Take away", `Take away the ${KEYS[key]} ${value}`, {
    path: pathOf(contact.id, "/keys/remove"), body: { [key]: value }, verb: "Take it away", contact: () => contact.id,
  });
}

/** `contact` is the id of the one to go on with; without one, the survivor. `onDone` is called instead of going there. */
export function unmergeButton(contact, merge, { onDone, place } = {}) {
  return small("Un-merge", "Un-merge: preview taking this union back", {
    path: `/v1/merges/${encodeURIComponent(merge)}/undo`, verb: "Un-merge", contact: (undone) => contact ?? undone.target, onDone, place,
  });
}

/** Take an un-merge back: fold the two contacts of a union into one again, by hand. */
export function refoldButton(merge, { entry = null, contact = null, onDone, place: given } = {}) {
  const place = given ?? make("div", { class: "place" });
  const button = make("button", { type: "button", class: "quiet small", "aria-label": "Fold again: preview a union of the same two by hand" }, "Fold again");
  button.addEventListener("click", async () => {
    try {
      const { source, target } = entry ?? await call(`/v1/merges/${encodeURIComponent(merge)}`);
      await offer({
        place, from: button, path: "/v1/merges", body: { source, target }, verb: "Fold them again", contact: (made) => contact ?? made.target, onDone,
      });
    } catch (problem) {
      place.replaceChildren(problemBox(problem));
    }
  });
  return make("div", { class: "small-act" }, button, given ? null : place);
}

/**
 * Let owners of a subscription fall asleep, or wake them, after showing whom it changes.
 *
 * `whom` narrows it: `contacts`, or `but` one; `onDone` is told who changed. Without it the page is read anew.
 */
export function sleepButton(key, value, { words, named, asleep = true, whom = {}, contact = null, onDone } = {}) {
  return small(words, named, {
    path: `/v1/subscriptions/${asleep ? "sleep" : "wake"}`, body: { subscription: subscriptionOf(key, value), ...whom },
    verb: asleep ? "Let it sleep" : "Wake", contact: () => contact, onDone,
  });
}

const subscriptionOf = (key, value) => (key === "subscription" ? value : { [key]: value });

/** What can be done about a subscription that several own: asleep for all but one, or all; and the way back. */
export function sleepPart(key, value, owners) {
  const part = make("div", { class: "sleep-part" });
  const awake = () => owners.filter((one) => !one.asleep);

  function open(told = "") {
    const left = awake();
    const chosen = make("select", { name: "but" },
      make("option", { value: "" }, "everybody"), left.length > 1 ? left.map((one) => make("option", { value: one.id }, `everybody but ${one.words}`)) : null);
    const place = make("div", { class: "place" });
    const button = make("button", { type: "button", class: "quiet" }, "Let it sleep …");
    button.addEventListener("click", () => offer({
      place, from: button, path: "/v1/subscriptions/sleep", body: { subscription: subscriptionOf(key, value), ...(chosen.value ? { but: chosen.value } : {}) },
      verb: "Let it sleep", onDone: ({ contacts }) => turned(contacts, true),
    }));
    part.replaceChildren(...[
      told ? make("p", { class: "done", role: "status" }, told) : null,
      left.length ? make("div", { class: "actions" }, button, make("label", { class: "beside-button" }, "for ", chosen)) : make("p", { class: "soft" }, "Everybody who owns it is asleep on it."),
      left.length < owners.length ? make("div", { class: "actions" }, wakeAll()) : null,
      place,
    ].filter(Boolean));
    return button;
  }

  const wakeAll = () => sleepButton(key, value, {
    words: "Wake them …", named: "Wake them all, whoever is asleep on it", asleep: false, onDone: ({ contacts }) => turned(contacts, false),
  });

  function turned(contacts, asleep) {
    for (const one of owners) if (contacts.includes(one.id)) one.asleep = asleep;
    const names = owners.filter((one) => contacts.includes(one.id)).map((one) => contactLink(one.id, one.words));
    const back = make("button", { type: "button", class: "quiet small" }, asleep ? "Wake them again" : "Let them sleep again");
    back.addEventListener("click", async () => {
      back.disabled = true;
      try {
        await call(`/v1/subscriptions/${asleep ? "wake" : "sleep"}`, { method: "POST", body: { subscription: subscriptionOf(key, value), contacts } });
        for (const one of owners) if (contacts.includes(one.id)) one.asleep = !asleep;
        open("Taken back").focus();
        say("Taken back");
      } catch (problem) {
        back.after(problemBox(problem));
        back.disabled = false;
      }
    });
    part.replaceChildren(make("div", { class: "note bar" },
      make("p", { role: "status" }, asleep ? "Asleep on it, not to be reached by it: " : "Awake on it again: ", ...names.flatMap((name, index) => [index ? ", " : "", name]), "."),
      contacts.length ? back : null));
    back.focus();
  }

  open();
  return part;
}

export function giveKeyForm(contact) {
  const place = make("div", { class: "place wide" });
  const form = make(
    "form", { class: "fields" },
    make("label", {}, "Give it a key",
      make("select", { name: "key" }, ...Object.entries(KEYS).map(([key, words]) => make("option", { value: key }, words)))),
    make("label", {}, "Value", make("input", { name: "value", required: true, autocomplete: "off", autocapitalize: "none", spellcheck: "false" })),
    make("div", { class: "wide actions" }, make("button", { type: "submit", class: "quiet" }, "Preview")),
    place,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { key, value } = form.elements;
    offer({
      place, from: value, path: pathOf(contact.id, "/keys"), body: { [key.value]: value.value }, verb: "Give it",
      contact: () => contact.id,
    });
  });
  return form;
}

export function foldForm(contact) {
  const place = make("div", { class: "place wide" });
  const form = make(
    "form", { class: "fields" },
    make("label", {}, "The other contact's id, or a key of it",
      make("input", { name: "other", required: true, autocomplete: "off", autocapitalize: "none", spellcheck: "false" })),
    make("label", {}, "Which stays",
      make("select", { name: "stays" }, make("option", { value: "this" }, "this contact"), make("option", { value: "other" }, "the other one"))),
    make("div", { class: "wide actions" }, make("button", { type: "submit", class: "quiet" }, "Preview")),
    place,
  );
  const union = (other) => {
    const [source, target] = form.elements.stays.value === "this" ? [other, contact.id] : [contact.id, other];
    return offer({
      place, from: form.elements.other, path: "/v1/merges", body: { source, target }, verb: "Fold them into one",
      contact: (entry) => entry.target,
    });
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = form.elements.other.value.trim();
    try {
      const found = await contactsFor(text);
      if (found.length < 2) {
        await union(found[0]?.contact.id ?? text);
        return;
      }
      place.replaceChildren(make("p", {}, `${plural(found.length, "contact")} for this. Which one?`), make("ul", { class: "choices" }, found.map(({ contact: one, found_by: names }) => make(
        "li", {}, make("button", { type: "button", class: "quiet", onclick: () => union(one.id) }, `${nameOf(one)}, found by ${foundBy(names)}`),
      ))));
    } catch (problem) {
      place.replaceChildren(problemBox(problem));
    }
  });
  return form;
}

/** A button that splits a contact as a finding proposes, and the place that shows the parts before and after. */
export function splitPart({ path, body, contact, done }) {
  const place = make("div", { class: "place" });
  const button = make("span", { class: "actions" });
  const failed = (problem) => place.replaceChildren(problemBox(problem));
  const open = () => {
    const act = make("button", { type: "button", class: "quiet", onclick: preview }, "Split …");
    button.replaceChildren(act);
    return act;
  };

  async function preview() {
    try {
      const { parts, stays, taken } = await call(`${path}?dry_run=true`, { method: "POST", body });
      const act = make("button", { type: "button", onclick: async () => {
        act.disabled = true;
        try {
          was(await call(path, { method: "POST", body }));
          say("Split");
        } catch (problem) {
          failed(problem);
        }
      } }, `Split into ${plural(parts.length + 1, "contact")}`);
      const shown = make("div", { class: "preview", tabindex: "-1", role: "group", "aria-label": "Preview" },
        partsTable([...parts, { ...stays, stays: true }]),
        make("p", {}, "Nobody gets ", keysIn(taken), body.block ? ", which is blocked: it fuses nobody again." : "."),
        make("div", { class: "actions" }, parts.length ? takes("steward", act, "Splitting a contact") : null, make("button", { type: "button", class: "quiet", onclick: () => { place.replaceChildren(); button.firstElementChild?.focus(); } }, "Leave it as it is")));
      place.replaceChildren(shown);
      shown.focus();
    } catch (problem) {
      failed(problem);
    }
  }

  function was(split) {
    button.replaceChildren();
    const back = make("button", { type: "button", class: "quiet small", onclick: async () => {
      back.disabled = true;
      try {
        await call(`/v1/splits/${encodeURIComponent(split.id)}/undo`, { method: "POST", body: {} });
        place.replaceChildren(make("p", { class: "done", role: "status" }, "Taken back: it is one contact again."));
        open().focus();
        say("Taken back");
      } catch (problem) {
        failed(problem);
      }
    } }, "Take the split back");
    place.replaceChildren(make("div", { class: "note bar" },
      make("p", { role: "status" }, `Split: ${plural(split.parts.length, "part")} came out of `, contactLink(split.contact), ". ", split.parts.slice(0, 12).flatMap((part, index) => [index ? ", " : "", contactLink(part.contact)])), takes("steward", back) ?? ""));
  }

  async function again() {
    try {
      const { items } = await call(`/v1/splits?contact=${encodeURIComponent(contact)}`);
      const split = items.find((one) => !one.undone_at && JSON.stringify(one.around) === JSON.stringify(body.around));
      if (split) was(split);
      else open();
    } catch (problem) {
      failed(problem);
    }
  }

  if (done) again();
  else open();
  return [button, place];
}

const keysIn = (keys) => Object.entries(keys ?? {}).flatMap(([name, values]) => values.map((value) => make("span", { class: "datum" }, `${KEYS[name] ?? name} `, make("span", { class: "mono" }, value))));

function partsTable(parts) {
  return make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "The parts" }, make("table", { class: "changes parted" },
    make("thead", {}, make("tr", {}, ["Contact", "Keys", "Activity", "Properties"].map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {}, parts.map(({ stays, keys, activities, properties }, index) => make("tr", {},
      make("th", { scope: "row" }, stays ? "stays as it is" : `new ${index + 1}`), make("td", {}, keysIn(keys)),
      make("td", {}, activities === undefined ? "the rest" : activities.toLocaleString()), make("td", {}, properties.join(", ") || make("span", { class: "none" }, "none")))))));
}
