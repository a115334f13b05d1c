// What is told: a short story, or the calls that the third argument has as JSON.
const STORY = [
  ["page", { anonymousId: "browser-1", name: "Home", properties: { url: "https://shop.example/" } }],
  ["identify", { anonymousId: "browser-1", userId: "42", traits: { email: "ana@example.com", plan: "pro" } }],
  ["track", {
    userId: "42",
    event: "Order Completed",
    properties: { revenue: 39.9, products: [{ sku: "a" }, { sku: "b" }] },
  }],
  ["screen", { anonymousId: "phone-1", name: "Basket", context: { device: { token: "push-1" } } }],
  ["group", { userId: "42", groupId: "acme", traits: { employees: 7 } }],
  ["alias", { previousId: "phone-1", userId: "42" }],
];

export const [host, writeKey, calls] = process.argv.slice(2);

export function tell(analytics) {
  for (const [call, message] of calls ? JSON.parse(calls) : STORY) analytics[call](message);
}
