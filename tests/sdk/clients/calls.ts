// Ten calls with the types that openapi-typescript makes of Kinfold's document: what does not fit them does not compile.
import createClient from "openapi-fetch";
import type { paths } from "./kinfold.js";

declare const process: { argv: string[] };
const [host, key] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl: host, headers: { Authorization: `Bearer ${key}` } });

function told<T>(call: { data?: T; error?: unknown; response: Response }): T {
  if (call.data === undefined) throw new Error(`${call.response.url}: ${call.response.status} ${JSON.stringify(call.error)}`);
  return call.data;
}

const ana = told(await client.POST("/v1/resolve", {
  body: { email: "ana@example.com", tracker_id: "t1", properties: { plan: "pro" }, event: "Order", event_properties: { amount: 3 } },
}));
const id = ana.contact?.id;
if (!id) throw new Error("nobody was found");
const batch = told(await client.POST("/v1/resolve/batch", { body: { events: [{ tracker_id: "t1" }, { email: "bob@example.com" }] } }));
const found = told(await client.GET("/v1/contacts", { params: { query: { email: "ana@example.com" } } }));
if (typeof found === "string") throw new Error("asked for JSON and got CSV");
const contact = told(await client.GET("/v1/contacts/{id}", { params: { path: { id } } }));
const activity = told(await client.GET("/v1/contacts/{id}/activity", { params: { path: { id }, query: { limit: 5 } } }));
const segment = told(await client.PUT("/v1/segments/{name}", {
  params: { path: { name: "pro" } }, body: { kind: "dynamic", where: { property: "plan", is: "pro" } },
}));
const members = told(await client.GET("/v1/segments/{name}/members", { params: { path: { name: "pro" } } }));
const rule = told(await client.PUT("/v1/blocked/{kind}/{value}", {
  params: { path: { kind: "value", value: "kiosk" }, query: { namespace: "user_id" } }, body: {},
}));
const namespaces = told(await client.GET("/v1/namespaces"));
const missing = await client.GET("/v1/contacts/{id}", { params: { path: { id: "nobody" } } });

console.log(JSON.stringify({
  rule: ana.rule,
  batch: batch.results.length,
  found: found.items.map((one) => one.id === id),
  plan: contact.properties.plan,
  activity: activity.items.map((one) => one.event),
  segment: segment.kind,
  members: members.items.length,
  blocked: [rule.kind, rule.namespace, rule.value],
  namespaces: namespaces.items.map((one) => one.name),
  missing: missing.response.status,
}));
