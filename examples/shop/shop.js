const at = (id) => document.getElementById(id);

at("buy").addEventListener("click", () => kinfold.track("Order Completed", { product: "hat", revenue: 39.9 }));
at("login").addEventListener("submit", (event) => {
  event.preventDefault();
  kinfold.loggedIn({ email: event.target.elements.email.value });
});
at("logout").addEventListener("click", () => kinfold.loggedOut());
setInterval(() => { at("tracker").textContent = kinfold.tracker() || "…"; }, 200);
