// What is held on a person as a file, and the erasure of a person: each with a reason, which the audit keeps.

import { accessHeaders, call, hrefTo, make, may, nameOf, pathOf, plural, problemBox, say, timeOf } from "./dom.js";

const reasonField = (placeholder, more = {}) => make("label", { class: "wide" }, "Reason, for the audit",
  make("input", { name: "why", required: true, maxlength: 500, autocomplete: "off", placeholder, ...more }));

const foundInAudit = (id) => (may("admin") ? make("a", { href: hrefTo("audit", new URLSearchParams({ contact: id }).toString()) }, "See it in the audit") : null);

/** Both parts; who may not erase is told who may. */
export function privacyPart(contact) {
  return make("div", { class: "columns" }, exportCard(contact), eraseCard(contact));
}

function exportCard(contact) {
  const place = make("div", { class: "place wide" });
  const save = make("button", { type: "submit" }, "Save as a file");
  const form = make("form", { class: "fields" }, reasonField("asked for by the person, ticket 4711"), make("div", { class: "wide actions" }, save), place);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    save.disabled = true;
    place.replaceChildren(make("p", { class: "loading" }, "Collecting …"));
    try {
      const why = new URLSearchParams({ why: form.elements.why.value.trim() });
      const response = await fetch(pathOf(contact.id, `/export?${why}`), { headers: accessHeaders() });
      if (!response.ok) throw await response.json();
      const blob = await response.blob();
      const url = URL.createObjectURL(blob);
      make("a", { href: url, download: `contact-${contact.id}.json` }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
      place.replaceChildren(make("p", { class: "done", role: "status" }, `Saved: ${plural(Math.ceil(blob.size / 1024), "kilobyte")}. `, foundInAudit(contact.id)));
      say("Saved");
    } catch (problem) {
      place.replaceChildren(problemBox(problem.title ? problem : { title: "The server cannot be reached", detail: "Try again." }));
    }
    save.disabled = false;
  });
  return make("section", { class: "card" }, make("h2", {}, "Export"),
    make("p", { class: "soft" }, "Everything that is held on this person, with what was folded into it, as one JSON file."), form);
}

function eraseCard(contact) {
  const card = make("section", { class: "card" }, make("h2", {}, "Erase"),
    make("p", { class: "soft" }, "Keys, properties, activity, journal and mentions in the records of others are removed. It cannot be taken back."));
  if (!may("admin")) {
    card.append(make("p", { class: "note" }, "It takes an admin key."));
    return card;
  }
  const place = make("div", { class: "place wide" });
  const ask = make("button", { type: "submit", class: "quiet" }, "Erase …");
  const form = make("form", { class: "fields" },
    reasonField("request of the person, ticket 4711"),
    make("label", { class: "wide check" }, make("input", { type: "checkbox", name: "return" }), "Let a late event bring the emails and user ids back"),
    make("div", { class: "wide actions" }, ask), place);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const sure = make("input", { type: "checkbox" });
    const erase = make("button", { type: "button", class: "danger", disabled: true }, "Erase for good");
    sure.addEventListener("change", () => { erase.disabled = !sure.checked; });
    erase.addEventListener("click", async () => {
      erase.disabled = true;
      try {
        const query = new URLSearchParams({ why: form.elements.why.value.trim(), allow_return: String(form.elements.return.checked) });
        erased(await call(pathOf(contact.id, `?${query}`), { method: "DELETE" }));
      } catch (problem) {
        place.replaceChildren(problemBox(problem));
      }
    });
    const preview = make("div", { class: "preview", tabindex: "-1", role: "group", "aria-label": "Preview" },
      make("p", {}, make("strong", {}, nameOf(contact)), " would be erased: ", held(contact), "."),
      make("label", { class: "check" }, sure, "I know that nobody can bring it back"),
      make("div", { class: "actions" }, erase, make("button", { type: "button", class: "quiet", onclick: () => { place.replaceChildren(); ask.focus(); } }, "Leave it as it is")));
    place.replaceChildren(preview);
    preview.focus();
  });
  card.append(form);

  function erased(receipt) {
    const removed = Object.entries(receipt.removed).filter(([, count]) => count > 0);
    const told = make("section", { class: "card receipt", tabindex: "-1" },
      make("h2", {}, "Erased"),
      make("p", {}, "At ", timeOf(receipt.erased_at), receipt.done ? "." : "; the rest of a long history is being removed."),
      make("p", {}, "Receipt ", make("span", { class: "mono" }, receipt.receipt), ", which names nobody."),
      make("dl", { class: "evidence" }, removed.flatMap(([what, count]) => [make("dt", {}, what.replaceAll("_", " ")), make("dd", {}, count.toLocaleString())])),
      receipt.suppressed ? make("p", {}, `${plural(receipt.suppressed, "email or user id", "emails and user ids")} will not come back by late events.`) : null,
      make("p", {}, foundInAudit(receipt.contact)));
    // The page is about nobody now: all of it goes.
    card.closest(".view").replaceChildren(make("h1", {}, "This person was erased"), told);
    document.title = "Erased · Kinfold";
    told.focus();
    say("Erased");
    dispatchEvent(new CustomEvent("kinfold:erased"));
  }
  return card;
}

function held(contact) {
  const keys = Object.values(contact.keys ?? {}).reduce((total, values) => total + values.length, 0);
  const parts = [plural(keys, "key"), plural(Object.keys(contact.properties).length, "property", "properties"), "all activity"];
  if (contact.merged_from.length) parts.push(`${plural(contact.merged_from.length, "contact")} folded into it`);
  return parts.join(", ");
}
