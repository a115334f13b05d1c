// What a contact did: a lane for each device, and the list beneath, newest first.

import { emptyBox, hrefTo, iconOf, inWords, make, makeSvg, pagedList, pathOf, plural, timeOf } from "./dom.js";
import { traceList } from "./tryout.js";

const PAGE = 50;
const MOST_LANES = 12;
const DAY = { weekday: "short", day: "numeric", month: "long", year: "numeric" };

export function activityView(contact, tracker = "") {
  const all = [];
  const lanes = make("div", { class: "lanes", hidden: true });
  const list = make("div", { class: "days" });
  const only = tracker ? `&tracker_id=${encodeURIComponent(tracker)}` : "";
  const choose = make("select", { id: "device" },
    make("option", { value: "" }, "All devices"),
    contact.trackers.map((id) => make("option", { value: id, selected: id === tracker }, id)),
    tracker && !contact.trackers.includes(tracker) ? make("option", { value: tracker, selected: true }, tracker) : null);
  choose.addEventListener("change", () => { location.hash = hrefTo("contact", contact.id, "activity", ...(choose.value ? [choose.value] : [])); });

  function onPage(items) {
    all.push(...items);
    for (const item of items) addToDay(list, item);
    lanes.hidden = all.length === 0;
    lanes.replaceChildren(...lanesOf(contact, all, tracker));
  }

  return make(
    "section", { class: "card", "aria-label": "Activity" },
    make("div", { class: "bar" }, make("h2", {}, "Activity by device"),
      make("label", { for: "device", class: "unseen" }, "Device"), choose),
    lanes, list,
    pagedList({
      path: pathOf(contact.id, "/activity"), query: only, size: PAGE, onPage, noun: ["activity", "activities"],
      none: emptyBox("No activity", tracker ? "Nothing was seen on this device." : "No event of this contact is kept."),
    }),
  );
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
