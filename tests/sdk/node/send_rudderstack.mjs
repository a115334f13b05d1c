// Sends a short story with RudderStack's Node SDK as its registry gives it; the host is the only thing that is Kinfold's.
import RudderAnalytics from "@rudderstack/rudder-sdk-node";

const [host, writeKey] = process.argv.slice(2);
const failed = (error) => console.error("error", error.response?.status ?? error.code, String(error.message ?? ""));
const analytics = new RudderAnalytics(writeKey, { dataPlaneUrl: host, errorHandler: failed });

analytics.page({ anonymousId: "browser-1", name: "Home", properties: { url: "https://shop.example/" } });
analytics.identify({ anonymousId: "browser-1", userId: "42", traits: { email: "ana@example.com", plan: "pro" } });
analytics.track({
  userId: "42",
  event: "Order Completed",
  properties: { revenue: 39.9, products: [{ sku: "a" }, { sku: "b" }] },
});
analytics.screen({ anonymousId: "phone-1", name: "Basket", context: { device: { token: "push-1" } } });
analytics.group({ userId: "42", groupId: "acme", traits: { employees: 7 } });
analytics.alias({ previousId: "phone-1", userId: "42" });
await analytics.flush();
