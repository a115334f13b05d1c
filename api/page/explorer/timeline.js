// What a contact did: a lane for each device, and the list beneath, newest first.

import { call, emptyBox, hrefTo, iconOf, inWords, make, makeSvg, pagedList, pathOf, plural, problemBox, timeOf } from "./dom.js";
import { traceList } from "./tryout.js";

const PAGE = 50;
const MOST_LANES = 12;
const MOST_EVENTS = 200;
const MOST_BARS = 90;
const DAY = { weekday: "short", day: "numeric", month: "long", year: "numeric" };

/**
 * Show what a contact did; `asked` is the query of the address: event, from and to.
 *
 * The strip has all of it, day by day, whatever is listed; a tap on it, or a date, jumps there.
 */
export function activityView(contact, tracker = "", asked = "") {
  const all = [];
  const query = new URLSearchParams(asked);
  const value = (name) => query.get(name) ?? "";
  const lanes = make("div", { class: "lanes", hidden: true });
  const list = make("div", { class: "days" });
  const strip = make("div", { class: "strip" });
  const choose = make("select", { name: "tracker" },
    make("option", { value: "" }, "All devices"),
    contact.trackers.map((id) => make("option", { value: id, selected: id === tracker }, id)),
    tracker && !contact.trackers.includes(tracker) ? make("option", { value: tracker, selected: true }, tracker) : null);
  const events = make("select", { name: "event" }, make("option", { value: "" }, "All events"),
    value("event") ? make("option", { value: value("event"), selected: true }, value("event")) : null);
  const day = (label, name) => make("label", {}, label, make("input", { type: "date", name, value: value(name), min: "1970-01-01", max: "9999-12-31" }));
  const form = make("form", { class: "fields filters", role: "search", "aria-label": "Filter the activity" },
    make("label", {}, "Device", choose), make("label", {}, "Event", events), day("From", "from"), day("To", "to"),
    make("div", { class: "actions" }, make("button", { type: "submit", class: "quiet" }, "Show")));
  const go = (changed) => {
    const wanted = new URLSearchParams();
    const device = changed.tracker ?? choose.value;
    for (const name of ["event", "from", "to"]) {
      const chosen = changed[name] ?? form.elements[name].value;
      if (chosen) wanted.set(name, chosen);
    }
    const parts = wanted.size ? [device, wanted.toString()] : device ? [device] : [];
    location.hash = hrefTo("contact", contact.id, "activity", ...parts);
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); go({}); });
  for (const select of [choose, events]) select.addEventListener("change", () => go({}));

  function onPage(items) {
    all.push(...items);
    for (const item of items) addToDay(list, item);
    lanes.hidden = all.length === 0;
    lanes.replaceChildren(...lanesOf(contact, all, tracker));
  }

  const only = new URLSearchParams();
  if (tracker) only.set("tracker_id", tracker);
  if (value("event")) only.set("event", value("event"));
  const counted = new URLSearchParams(only);
  const dated = new URLSearchParams(only);
  if (value("from")) dated.set("from", `${value("from")}T00:00:00Z`);
  // The last day is part of what is asked for.
  if (value("to")) dated.set("to", dayAfter(value("to")));
  countDays(pathOf(contact.id, `/activity/days?${counted}`), { strip, events, chosen: value("event"), go, from: value("from"), to: value("to") });
  const filtered = tracker || query.size;
  return make(
    "section", { class: "card", "aria-label": "Activity" },
    make("div", { class: "bar" }, make("h2", {}, "Activity by device"),
      filtered ? make("a", { href: hrefTo("contact", contact.id, "activity") }, "All activity") : null),
    form, strip, lanes, list,
    pagedList({
      path: pathOf(contact.id, "/activity"), query: dated.size ? `&${dated}` : "", size: PAGE, onPage, noun: ["activity", "activities"],
      none: emptyBox("No activity", filtered ? "Nothing of this kind was seen then. Choose another device, event or time." : "No event of this contact is kept."),
    }),
  );
}

function dayAfter(text) {
  const next = new Date(`${text}T00:00:00Z`);
  next.setUTCDate(next.getUTCDate() + 1);
  return `${next.toISOString().slice(0, 19)}Z`;
}

/** Draw how much there was when, and list the events to choose from. */
async function countDays(path, how) {
  const { strip, events, chosen, go, from, to } = how;
  try {
    const { activities, days, events: found } = await call(path);
    events.replaceChildren(make("option", { value: "" }, "All events"),
      ...found.slice(0, MOST_EVENTS).map(({ event, activities: count }) => make("option", { value: event, selected: event === chosen }, `${event} (${count.toLocaleString()})`)));
    if (chosen && !found.slice(0, MOST_EVENTS).some(({ event }) => event === chosen)) events.append(make("option", { value: chosen, selected: true }, chosen));
    if (days.length > 1) strip.replaceChildren(...stripOf(activities, days, go, from, to));
  } catch (problem) {
    strip.replaceChildren(problemBox(problem, { again: () => countDays(path, how) }));
  }
}

/** Bars of equal times, each a button that jumps to its end. */
function stripOf(activities, days, go, from, to) {
  const at = (day) => Date.parse(`${day}T00:00:00Z`) / 86_400_000;
  const [first, last] = [at(days[0].day), at(days.at(-1).day)];
  const step = Math.ceil((last - first + 1) / MOST_BARS);
  const bars = Array.from({ length: Math.floor((last - first) / step) + 1 }, () => 0);
  for (const { day, activities: count } of days) bars[Math.floor((at(day) - first) / step)] += count;
  const most = Math.max(...bars);
  const text = (day) => new Date(day * 86_400_000).toISOString().slice(0, 10);
  const words = (day) => new Date(day * 86_400_000).toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
  const shown = bars.map((count, place) => {
    const begin = first + place * step;
    const end = Math.min(last, begin + step - 1);
    const within = (!from || text(end) >= from) && (!to || text(begin) <= to);
    const span = begin === end ? words(begin) : `${words(begin)} to ${words(end)}`;
    const label = `${span}: ${plural(count, "activity", "activities")}`;
    const bar = make("button", { type: "button", title: label, "aria-label": `Jump to ${label}`, class: within ? null : "out", disabled: count === 0, onclick: () => go({ from: "", to: text(end) }) });
    // Styles by hand are not in the markup: the policy of the page forbids those.
    bar.style.setProperty("--part", count === 0 ? "0" : String(Math.max(0.06, count / most)));
    return bar;
  });
  return [
    make("div", { class: "bars-of", role: "group", "aria-label": "Activity over time" }, shown),
    make("div", { class: "ends soft" }, make("span", {}, words(first)), make("span", {}, plural(activities, "activity", "activities"), " in all"), make("span", {}, words(last))),
  ];
}

function lanesOf(contact, all, tracker) {
  const times = all.map((item) => Date.parse(item.occurred_at));
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const byDevice = new Map();
  for (const item of all) {
    if (!byDevice.has(item.tracker_id)) byDevice.set(item.tracker_id, []);
    byDevice.get(item.tracker_id).push(item);
  }
  const devices = [...byDevice].slice(0, MOST_LANES);
  const place = (item) => `${2 + (96 * (Date.parse(item.occurred_at) - from)) / Math.max(1, to - from)}%`;
  return [
    ...devices.map(([device, items]) => make(
      "div", { class: "lane" },
      make("a", { href: hrefTo("contact", contact.id, "activity", ...(tracker ? [] : [device ?? ""])), class: "mono", title: tracker ? "Show all devices" : "Show this device only" }, device ?? "no device"),
      makeSvg("svg", { class: "dots", role: "img", "aria-label": `${plural(items.length, "activity", "activities")} on ${device}` },
        makeSvg("line", { x1: "0", x2: "100%", y1: "50%", y2: "50%" }),
        items.map((item) => makeSvg("circle", { cx: place(item), cy: "50%", r: item.outcome === "found" ? 4 : 5.5, class: item.outcome },
          makeSvg("title", {}, `${item.event}, ${item.outcome}, ${new Date(item.occurred_at).toLocaleString()}`)))),
    )),
    byDevice.size > MOST_LANES ? make("p", { class: "soft" }, `and ${byDevice.size - MOST_LANES} more devices; choose one above`) : null,
    make("div", { class: "lane axis soft" }, make("span", {}, plural(all.length, "activity", "activities"), " loaded"),
      make("span", { class: "ends" }, timeOf(new Date(from).toISOString(), { dateStyle: "medium" }), timeOf(new Date(to).toISOString(), { dateStyle: "medium" }))),
    make("ul", { class: "legend soft" }, [["found", "recognised"], ["created", "created or claimed"], ["merged", "two became one"], ["shared", "kept apart"]].map(([outcome, words]) => make(
      "li", {}, makeSvg("svg", { class: "dots key", "aria-hidden": "true" }, makeSvg("circle", { cx: 7, cy: 7, r: 5, class: outcome })), words,
    ))),
  ].filter(Boolean);
}

function addToDay(list, item) {
  const day = item.occurred_at.slice(0, 10);
  let part = list.lastElementChild;
  if (part?.dataset.day !== day) {
    part = make("section", { "data-day": day }, make("h3", {}, timeOf(item.occurred_at, DAY)), make("ol", { class: "events" }));
    list.append(part);
  }
  part.lastElementChild.append(eventRow(item));
}

function eventRow(item) {
  const resolved = [item.outcome, item.rule ? `rule ${item.rule}` : null, item.limited ? "held back by a limit" : null].filter(Boolean).join(", ");
  const details = Object.entries(item.event_properties ?? {}).map(([name, value]) => `${name}: ${inWords(value)}`).join("; ");
  return make(
    "li", {},
    timeOf(item.occurred_at, { timeStyle: "short" }),
    make("strong", {}, item.event),
    make("span", { class: "device mono" }, iconOf("tracker_id"), item.tracker_id ?? "none"),
    make("details", { class: "why" }, make("summary", {}, resolved),
      details ? make("p", { class: "soft" }, details) : null,
      item.message_id ? make("p", { class: "soft" }, "message ", make("span", { class: "mono" }, item.message_id)) : null,
      item.trace?.length ? traceList(item.trace) : null),
  );
}
