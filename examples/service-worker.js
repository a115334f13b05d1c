// A service worker that tells Kinfold when the browser replaces its push subscription. Save it as /service-worker.js of
// your site, put your server and a write key in, and subscribe in a page as you do today.
const KINFOLD = "https://kinfold.shop.example";
const WRITE_KEY = "…";

self.addEventListener("pushsubscriptionchange", (event) => {
  event.waitUntil((async () => {
    const old = event.oldSubscription;
    const subscription = event.newSubscription ||
      (old && await self.registration.pushManager.subscribe(old.options));
    if (!subscription) return; // the person took the permission back: the push service answers 410 from now on
    const said = { event: "push_subscription", subscription: subscription.endpoint };
    // Some browsers do not tell the old one: then the tag of the next page says what it replaces.
    if (!old || old.endpoint === subscription.endpoint) return;
    said.replaces = { subscription: old.endpoint };
    await fetch(KINFOLD + "/v1/resolve?write_key=" + encodeURIComponent(WRITE_KEY), {
      method: "POST",
      headers: { "Content-Type": "text/plain" },
      credentials: "omit",
      body: JSON.stringify(said),
    });
  })());
});
