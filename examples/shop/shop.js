const at = (id) => document.getElementById(id);
const json = { "Content-Type": "application/json" };
const post = (path, body) => fetch(path, { method: "POST", headers: json, body: JSON.stringify(body), keepalive: true }).catch(() => null);

/** Show offers; what becomes of each is told by `tell(outcome, name)`. */
function show(place, how, offers, tell) {
  place.querySelector(".how").textContent = how;
  const rows = offers.map((offer) => {
    const row = document.createElement("li");
    const title = document.createElement("span");
    title.textContent = offer.content.title;
    row.append(title);
    for (const [words, outcome] of [["See it", "clicked"], ["Take it", "accepted"], ["No, thanks", "refused"]]) {
      const button = document.createElement("button");
      button.textContent = words;
      button.addEventListener("click", () => {
        tell(outcome, offer.name);
        if (outcome !== "clicked") row.replaceChildren(`${offer.content.title}: ${outcome}`);
      });
      row.append(button);
    }
    return row;
  });
  place.querySelector("ul").replaceChildren(...(rows.length ? rows : ["No offers."]));
}

// Offers for this browser's own visitor: the page asks with the key that stands in it.
function offersForVisitors() {
  return new Promise((done) => kinfold.offers("north/home", (offers, tell) => {
    show(at("for-visitors"), "asked by this page: north/home", offers, tell);
    done();
  }));
}

const HOW = { explicit: "you are logged in", implicit: "this browser is known", none: "nobody was identified" };

// Offers for who is logged in: the page asks the shop's server, which alone can say who that is.
async function offersForYou() {
  const answer = await fetch("offers", { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok) {
    show(at("for-you"), answer?.status === 404 ? "serve the shop by its server.py to see these" : "the shop's server has no answer", [], () => {});
    return;
  }
  const found = await answer.json();
  const by = `${found.environment}/${found.space}`;
  const how = found.fell_back ? `customers/north-home falls back to ${by}` : `${by} answers`;
  const tell = (outcome, offer) => post("outcome", { proposition: found.proposition_id, outcome, offer });
  show(at("for-you"), `${HOW[found.identification]}: ${how}`, found.offers, tell);
  if (found.offers.length) tell("presented");
}

at("buy").addEventListener("click", () => kinfold.track("Order Completed", { product: "hat", revenue: 39.9 }));
at("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const email = event.target.elements.email.value;
  kinfold.loggedIn({ email });
  await post("login", { email });
  offersForYou();
});
at("logout").addEventListener("click", async () => {
  kinfold.loggedOut();
  await post("logout", {});
  await offersForVisitors();
  offersForYou();
});
setInterval(() => { at("tracker").textContent = kinfold.tracker() || "…"; }, 200);
offersForVisitors().then(offersForYou);
