// Splits: a contact that several people were fused into comes apart by its keys, after a preview, and back.

import { KEYS, agoOf, call, contactLink, inWords, make, pagedList, pathOf, plural, problemBox, say, takes } from "./dom.js";

const keysShown = (keys) => {
  const all = Object.entries(keys).flatMap(([name, values]) => values.map((value) => make("span", { class: "datum" }, `${KEYS[name] ?? name} ${value}`)));
  return all.length ? all : make("span", { class: "none" }, "nothing");
};

/** Who would get, or got, what. */
function partsTable({ parts, stays, taken }) {
  const row = (who, keys, activities, properties) => make(
    "tr", {}, make("th", { scope: "row" }, who), make("td", {}, keysShown(keys)), make("td", {}, activities), make("td", {}, properties.join(", ")));
  return make(
    "table", { class: "changes" },
    make("caption", {}, "Who gets what"),
    make("thead", {}, make("tr", {}, ["Contact", "Keys", "Activities", "Properties"].map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {},
      parts.map((part) => row(part.contact ? contactLink(part.contact) : "new", part.keys, inWords(part.activities), part.properties)),
      stays ? row([contactLink(stays.contact), " (stays)"], stays.keys, "the rest", stays.properties) : null,
      Object.keys(taken).length ? row("nobody", taken, "", []) : null),
  );
}

/** Split a contact around a key that is no person's, or move the ticked keys to a new contact. */
export function splitForm(contact) {
  const place = make("div", { class: "place wide" });
  const keys = Object.entries(contact.keys).flatMap(([name, values]) => values.map((value) => [name, value]));
  const around = make("select", { name: "around" },
    make("option", { value: "" }, "no key: move the keys that are ticked below"),
    keys.map(([name, value], number) => make("option", { value: number }, `${KEYS[name] ?? name} ${value}`)));
  const block = make("input", { type: "checkbox", name: "block" });
  const ticks = keys.map(([name, value], number) => make("input", { type: "checkbox", name: "key", value: number, "aria-label": `Move the ${KEYS[name] ?? name} ${value}` }));
  const moved = make("fieldset", { class: "wide" }, make("legend", {}, "Keys of the new contact"), make("ul", { class: "ticks" }, keys.map(([name, value], number) => make(
    "li", {}, make("label", { class: "check" }, ticks[number], ` ${KEYS[name] ?? name} `, make("span", { class: "mono" }, value))))));
  const blocked = make("label", { class: "wide check", hidden: true }, block, " and block that key, so that it fuses nobody again");
  const submit = make("button", { type: "submit", class: "quiet" }, "Preview");
  const form = make(
    "form", { class: "fields", "aria-label": "Split" },
    make("label", { class: "wide" }, "Take apart around", around), blocked, moved,
    make("div", { class: "wide actions" }, submit), place,
  );
  around.addEventListener("change", () => { moved.hidden = around.value !== ""; blocked.hidden = around.value === ""; });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const chosen = around.value === "" ? null : keys[Number(around.value)];
    const parts = [{ keys: ticks.filter((tick) => tick.checked).map((tick) => { const [name, value] = keys[Number(tick.value)]; return { [name]: value }; }) }];
    const body = chosen ? { around: { [chosen[0]]: chosen[1] }, block: block.checked } : { parts };
    try {
      const told = await call(pathOf(contact.id, "/split?dry_run=true"), { method: "POST", body });
      const act = make("button", { type: "button" }, "Split it");
      const preview = make(
        "div", { class: "preview", tabindex: "-1", role: "group", "aria-label": "Preview" },
        partsTable(told),
        make("div", { class: "actions" }, takes("steward", act, "Splitting a contact"), make("button", { type: "button", class: "quiet", onclick: () => { place.replaceChildren(); submit.focus(); } }, "Leave it as it is")),
      );
      act.addEventListener("click", async () => {
        act.disabled = true;
        try {
          await call(pathOf(contact.id, "/split"), { method: "POST", body });
          say("Split");
          dispatchEvent(new CustomEvent("kinfold:changed", { detail: contact.id }));
        } catch (problem) {
          place.replaceChildren(problemBox(problem));
        }
      });
      place.replaceChildren(preview);
      preview.focus();
      say(`${plural(told.parts.length, "new contact")} would be split off; nothing is done yet`);
    } catch (problem) {
      place.replaceChildren(problemBox(problem));
    }
  });
  return form;
}

/** The splits of a contact, and those that made it; each can be taken back. */
export function splitsOf(contact) {
  const list = make("ul", { class: "cards" });
  const shown = (split) => {
    const place = make("div", { class: "place" });
    const button = make("button", { type: "button", class: "quiet small" }, "Undo this split");
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        await call(`/v1/splits/${encodeURIComponent(split.id)}/undo`, { method: "POST" });
        say("Undone");
        dispatchEvent(new CustomEvent("kinfold:changed", { detail: split.contact }));
      } catch (problem) {
        place.replaceChildren(problemBox(problem));
        button.disabled = false;
      }
    });
    return make(
      "li", { class: split.undone_at ? "card undone" : "card" },
      make("p", {}, contactLink(split.contact), ` came apart into ${split.parts.length} more`, split.why ? `: ${split.why}` : ""),
      make("p", { class: "soft" }, agoOf(split.at), split.by ? `, by ${split.by}` : "", split.undone_at ? [" · undone ", agoOf(split.undone_at)] : null),
      make("details", {}, make("summary", {}, "Who got what"), partsTable(split)),
      split.undone_at ? null : takes("steward", make("div", { class: "small-act" }, button, place)),
    );
  };
  return [list, pagedList({ path: "/v1/splits", query: `&contact=${encodeURIComponent(contact.id)}`, size: 10, into: list, shown, noun: ["split"], none: "It was never split." })];
}
