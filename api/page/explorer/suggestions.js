// Who is probably one person with whom: pairs side by side, accepted, refused or put off; and who is kept apart.

import { KEYS, agoOf, badgeOf, call, contactLink, emptyBox, hrefTo, inWords, make, may, nameOf, pagedList, pathOf, plural, problemBox, say, takes, whenOf } from "./dom.js";

const SHOWN = 6;
const UNITING = "Uniting two, or keeping them apart,";

const percent = (probability) => `${Math.round(probability * 100)} %`;

/** Read what a pair is; one that was folded meanwhile is not there any more. */
const look = async (id) => {
  const [contact, { items }] = await Promise.all([call(pathOf(id)), call(pathOf(id, "/activity?limit=3"))]);
  return { contact, activity: items };
};

/** List what one side owns, shows and did; what the other has, too, is marked. */
function side({ contact, activity }, other) {
  const keys = Object.entries(contact.keys).flatMap(([name, values]) => values.map((value) => [name, value]));
  const properties = Object.entries(contact.properties);
  const same = ([name, value]) => JSON.stringify(other.properties[name]) === JSON.stringify(value);
  return make(
    "div", { class: "group" },
    make("h3", {}, make("a", { href: hrefTo("contact", contact.id) }, nameOf(contact)), " ", badgeOf(contact.kind)),
    make("p", { class: "soft" }, contactLink(contact.id), " · seen last ", whenOf(contact.last_occurred_at, contact.last_seen_at)),
    make("ul", {}, keys.slice(0, SHOWN).map(([name, value]) => make("li", {}, make("span", { class: "soft" }, KEYS[name] ?? name), " ", make("span", { class: "mono" }, value)))),
    keys.length > SHOWN ? make("p", { class: "soft" }, `and ${plural(keys.length - SHOWN, "more key", "more keys")}`) : null,
    properties.length ? make("table", { class: "properties" }, make("tbody", {}, properties.slice(0, SHOWN).map((entry) => make(
      "tr", {}, make("th", { scope: "row" }, entry[0]), make("td", {}, same(entry) ? make("mark", {}, inWords(entry[1])) : inWords(entry[1])),
    )))) : null,
    make("ul", { "aria-label": "Latest activity" }, activity.map((item) => make("li", { class: "soft" }, item.event, ", ", agoOf(item.occurred_at)))),
  );
}

/** What the union would leave: the keys and properties that the survivor gets. */
function outcome(preview, target) {
  const gained = Object.entries(preview.keys).flatMap(([name, values]) => values.filter((value) => !(target.keys[name] ?? []).includes(value)).map((value) => `${KEYS[name] ?? name} ${value}`));
  const filled = Object.entries(preview.properties).filter(([name]) => !(name in target.properties)).map(([name, value]) => `${name}: ${inWords(value)}`);
  return make(
    "p", {}, "As one, ", contactLink(preview.target), " gets ", gained.length ? gained.map((text) => make("span", { class: "datum" }, text)) : "no key more",
    filled.length ? [" and ", filled.map((text) => make("span", { class: "datum" }, text))] : null, ". It can be undone.",
  );
}

/** One suggestion; what is said to it takes it off the list. */
export function suggestionCard(suggestion, { own } = {}) {
  const sides = make("div", { class: "groups" });
  const done = make("div", { class: "place" });
  const other = suggestion.contacts.find((id) => id !== own);
  const heading = own ? ["Probably the same as ", contactLink(other)] : [contactLink(suggestion.contacts[0]), " and ", contactLink(suggestion.contacts[1])];
  const answers = [["One person", "accept", "steward"], ["Two people", "refuse", "steward"], ["Later", "later", "analyst"]];
  const buttons = answers.filter(([, , scope]) => may(scope)).map(([words, what]) => make(
    "button", { type: "button", class: what === "accept" ? null : "quiet", onclick: (event) => answer(what, event.target) }, words));
  const details = make("details", {}, make("summary", {}, "Side by side"), sides);
  const card = make(
    "li", { class: own ? "card suggestion" : "card suggestion slim" },
    make("p", { class: "pair" }, make("strong", {}, percent(suggestion.probability)), " ", heading),
    make("ul", { class: "reasons", title: own ? null : suggestion.reasons.map(({ words }) => words).join("; ") }, suggestion.reasons.map(({ words, weight }) => make(
      "li", { class: weight < 0 ? "soft" : null }, weight < 0 ? "against it: " : "", words))),
    details,
    make("div", { class: "actions" }, buttons),
    done,
  );
  const WORDS = {
    accept: (union) => ["They are one now: ", contactLink(union.target), ". ", make("a", { href: hrefTo("unions", "id", union.id) }, "The union"), " can be undone."],
    refuse: () => ["They are kept apart. It can be taken back on the page of either."],
    later: () => ["Put off for 30 days."],
  };

  async function answer(what, from) {
    for (const button of buttons) button.disabled = true;
    try {
      const told = await call(`/v1/suggestions/${encodeURIComponent(suggestion.id)}/${what}`, { method: "POST" });
      const words = make("p", { tabindex: "-1" }, WORDS[what](told));
      card.replaceChildren(words);
      words.focus();
      say(words.textContent);
    } catch (problem) {
      done.replaceChildren(problemBox(problem));
      for (const button of buttons) button.disabled = false;
      from.focus();
    }
  }

  details.addEventListener("toggle", async () => {
    if (!details.open || sides.childElementCount) return;
    try {
      const [one, two] = await Promise.all(suggestion.contacts.map(look));
      sides.replaceChildren(side(one, two.contact), side(two, one.contact));
      if (suggestion.preview) sides.after(outcome(suggestion.preview, two.contact));
    } catch (problem) {
      sides.replaceChildren(problemBox(problem));
    }
  });
  return card;
}

/** All suggestions that are open, the most probable first. */
export function suggestionsView(least = "0.5") {
  const list = make("ul", { class: "cards" });
  const from = [["0.95", "almost certain"], ["0.5", "probable"], ["0.1", "possible"]].map(([value, words]) => make(
    "a", { href: hrefTo("suggestions", ...(value === "0.5" ? [] : [value])), class: "chip", "aria-current": value === least }, words));
  return make(
    "div", { class: "view" },
    make("h1", {}, "One person or two?"),
    make("p", { class: "lead" }, "Contacts that are probably one person. Nothing is united by itself: one person unites the two as by hand, two people keeps them apart from now on. Both can be taken back."),
    takes("steward", null, UNITING),
    make("div", { class: "chips", role: "group", "aria-label": "How probable" }, from),
    list,
    pagedList({
      path: "/v1/suggestions", query: `&min=${encodeURIComponent(least)}`, size: 25, into: list, shown: (item) => suggestionCard(item), noun: ["suggestion"],
      none: emptyBox("No suggestions", "No two contacts look like one person."),
    }),
  );
}

/** With whom a contact is probably one person, and from whom or what it is kept apart. */
export function sameAs(contact) {
  const list = make("ul", { class: "cards" });
  const apart = make("ul", { class: "cards" });
  const about = `&contact=${encodeURIComponent(contact.id)}`;
  return make(
    "div", { class: "card" },
    make("section", { "aria-label": "Probably the same" },
      make("h2", {}, "Probably the same person as"), takes("steward", null, UNITING), list,
      pagedList({ path: "/v1/suggestions", query: `&min=0.1${about}`, size: 10, into: list, shown: (item) => suggestionCard(item, { own: contact.id }), noun: ["suggestion"], none: "nobody" })),
    make("section", { "aria-label": "Kept apart" },
      make("h2", {}, "Kept apart from"), apart,
      pagedList({ path: "/v1/judgements", query: about, size: 10, into: apart, shown: (item) => judgementCard(item, contact.id), noun: ["judgement"], none: "nobody and nothing" })),
  );
}

function judgementCard(judgement, own) {
  const [key] = Object.entries(judgement.key ?? {});
  const what = key ? [KEYS[key[0]] ?? key[0], " ", make("span", { class: "mono" }, key[1])] : contactLink(judgement.contacts.find((id) => id !== own) ?? own);
  const place = make("div", { class: "place" });
  const button = make("button", { type: "button", class: "quiet small" }, "Take it back");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await call(`/v1/judgements/${encodeURIComponent(judgement.id)}`, { method: "DELETE" });
      say("Taken back");
      dispatchEvent(new CustomEvent("kinfold:changed", { detail: own }));
    } catch (problem) {
      place.replaceChildren(problemBox(problem));
      button.disabled = false;
    }
  });
  return make(
    "li", { class: "card row" },
    make("div", {},
      make("p", {}, what, judgement.why ? `: ${judgement.why}` : ""),
      make("p", { class: "soft" }, agoOf(judgement.at), judgement.by ? `, by ${judgement.by}` : "")),
    takes("steward", make("div", { class: "small-act" }, button, place)),
  );
}
