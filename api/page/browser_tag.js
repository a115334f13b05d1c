/* Kinfold's browser tag; docs/tag.md says how to use it. Apache-2.0 */
(function (w, d) {
  "use strict";
  var script = d.currentScript || d.querySelector("script[src*='/tag.js']");
  var set = script.dataset;
  var early = w.kinfold || [];
  if (!Array.isArray(early)) return; // loaded twice
  function at(path) {
    return (set.api || new URL(script.src).origin).replace(/\/$/, "") + path +
      (set.key ? "?write_key=" + encodeURIComponent(set.key) : "");
  }
  var COOKIE = set.cookie || "kinfold";
  var PREFIX = "kinfold.", EVENT = PREFIX + "e.";
  var MAX_AGE = 34560000; // 400 days, the most that browsers keep a cookie
  var SECRET = new RegExp("token|passw|pwd|secret|mail|session|credential|signature|jwt|api_?key|" +
    "(^|[[.])(pass|code|auth|auth_?code|otp|pin|sid|sig|key|phone|tel|ticket|_kf)]?$", "i");
  var LINK = "_kf", LINK_LIVES = 120000; // milliseconds
  var MANY = 50, BYTES = 48000, QUEUE = 1000; // keepalive requests share 64 KiB
  var held = [], inMemory = {}, taken = {}, counter = 0, failures = 0, waiting = 0, told = 0;
  var running = false, ready = false, fresh = "";

  // What a page stores outlives it. Where a browser stores nothing for us, the page's memory has to do.
  function get(key) { try { return inMemory[key] || w.localStorage.getItem(key); } catch (_) { return null; } }
  function put(key, value) {
    try { w.localStorage.setItem(key, value); } catch (_) { inMemory[key] = value; }
  }
  function drop(key) { delete inMemory[key]; try { w.localStorage.removeItem(key); } catch (_) { /* not stored */ } }
  function queued() {
    var keys = Object.keys(inMemory);
    try { keys = keys.concat(Object.keys(w.localStorage)); } catch (_) { /* memory only */ }
    return keys.filter(function (key) { return !key.indexOf(EVENT); }).sort();
  }
  function read(key) { try { return JSON.parse(get(key)) || {}; } catch (_) { return {}; } }

  function id() {
    var bytes = w.crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, function (byte) { return (byte + 256).toString(16).slice(1); }).join("");
  }
  function cookie() {
    var found = ("; " + d.cookie).split("; " + COOKIE + "=")[1];
    try { return found ? decodeURIComponent(found.split(";")[0]) : ""; } catch (_) { return ""; }
  }
  function keep(tracker, age) {
    d.cookie = COOKIE + "=" + encodeURIComponent(tracker) + "; path=/; max-age=" + (age === 0 ? 0 : MAX_AGE) +
      "; SameSite=Lax" + (set.domain ? "; domain=" + set.domain : "") +
      (w.location.protocol === "https:" ? "; Secure" : "");
    fresh = cookie() ? "" : tracker; // for this page, where no cookie may be set
    if (set.cookieBy === "server") lasting();
  }
  // Some browsers keep a cookie that a script wrote for days, and one that the site's own server set for as long as
  // it says. Another tab may change the tracker while the server answers with the one from before: the last one stays.
  function lasting() {
    var wanted = cookie();
    if (!wanted) { drop(PREFIX + "set"); return; }
    if (read(PREFIX + "set").tracker === wanted && read(PREFIX + "set").until > Date.now()) return;
    put(PREFIX + "set", JSON.stringify({ tracker: wanted, until: Date.now() + 86400000 }));
    w.fetch(at("/v1/cookie"), {
      method: "POST", credentials: "same-origin", headers: { "Content-Type": "text/plain" },
      body: JSON.stringify({ name: COOKIE, tracker_id: wanted, domain: set.domain || null })
    }).then(function (response) {
      var last = read(PREFIX + "set").tracker;
      if (!response.ok) throw new Error("answered " + response.status);
      if (!allowed()) keep("", 0);
      else if (last && last !== cookie()) { drop(PREFIX + "set"); keep(last); }
    }).catch(function () { drop(PREFIX + "set"); }); // the next page asks again
  }
  function current() { return cookie() || fresh; }
  function tracker() {
    if (!current()) keep(id());
    return current();
  }
  function allowed() {
    var said = get(PREFIX + "consent");
    return said ? said === "yes" : set.consent !== "required" && !navigator.globalPrivacyControl;
  }
  function listed(names) { return (names || "").toLowerCase().split(/[\s,]+/).filter(Boolean); }

  // An address without what opens an account or names a person.
  function decoded(text) { try { return decodeURIComponent(text.replace(/\+/g, " ")); } catch (_) { return text; } }
  function secret(name) { return SECRET.test(name) || listed(set.secrets).indexOf(name.toLowerCase()) >= 0; }
  function clean(address) {
    var left = address.replace(/([?#&;])([^?#&;=]*)=([^?#&;]*)/g, function (whole, mark, name, value) {
      value = decoded(value);
      return secret(decoded(name)) || clean(value) !== value ? mark : whole;
    });
    if (left !== address) {
      left = left.replace(/[&;]+(?=[?#&;]|$)/g, "").replace(/([?#])[?&;]+/g, "$1").replace(/[?#]+(?=#|$)/g, "");
    }
    return left.replace(/(\/\/)[^/?#@]*@/, "$1").replace(/[^\s/?#&=;:,]{1,64}(?:@|%40)[\w-]+(?:\.[\w-]+)+/gi, "*")
      .replace(/eyJ[\w-]{10,}\.[\w-]+\.[\w-]*/g, "*");
  }
  function cleaned(properties) {
    Object.keys(properties).forEach(function (name) {
      function one(value) {
        return typeof value === "string" && (/^https?:/i.test(value) || /^(url|path|search|referrer)$/.test(name)) ?
          clean(value) : value;
      }
      var value = properties[name];
      properties[name] = Array.isArray(value) ? value.map(one) : one(value);
    });
    return properties;
  }

  // Names and values as an event takes them: flat, lists of one kind.
  function flat(from, into, path) {
    Object.keys(from || {}).forEach(function (name) {
      var value = from[name], key = (path + name).slice(0, 255) || "_";
      if (value && typeof value === "object" && !Array.isArray(value)) flat(value, into, key + ".");
      else if (Array.isArray(value) && value.some(function (item) {
        return item === null || typeof item === "object" || typeof item !== typeof value[0];
      })) into[key] = value.map(function (item) { return typeof item === "string" ? item : JSON.stringify(item); });
      else into[key] = value;
    });
    return into;
  }
  function plain(value) { return flat(JSON.parse(JSON.stringify(value || {})), {}, ""); }

  function add(event) {
    var keys = queued();
    event.tracker_id = tracker();
    event.message_id = id();
    event.occurred_at = moment().at;
    if (linked && linked !== event.tracker_id) event.linked_tracker = linked; // both are this browser's
    linked = "";
    // Until the answer to a login is there, what follows it says whose it is as well.
    for (var at = keys.length; at--;) {
      var before = read(keys[at]);
      if (before.tracker_id !== event.tracker_id) continue;
      if (!event.email && !event.user_id) {
        event.email = before.email;
        event.user_id = before.user_id;
      }
      break;
    }
    keys.slice(0, Math.max(0, keys.length - QUEUE + 1)).forEach(drop);
    put(EVENT + Date.now().toString(36) + (1e6 + counter++) + id().slice(0, 6), JSON.stringify(event));
    later(20);
  }

  function later(delay) {
    clearTimeout(waiting);
    waiting = setTimeout(function () { waiting = 0; exclusively(flush); }, delay);
  }
  // One tab sends at a time, so that each event goes with the tracker that the one before it was answered.
  function exclusively(work) {
    if (running) return;
    running = true;
    function done() { running = false; if (!waiting && allowed() && queued().length) later(pause()); }
    if (navigator.locks) navigator.locks.request("kinfold", work).then(done, done);
    else work().then(done, done);
  }
  function pause() {
    return failures ? Math.max(told, Math.min(60000, 500 * Math.pow(2, failures)) * (0.5 + Math.random() / 2)) : 100;
  }

  function flush() {
    var bytes = 0, keys = [], events = [];
    if (allowed()) queued().slice(0, MANY).forEach(function (key) {
      var event = read(key); // another tab may have sent it meanwhile
      if (taken[key] || !event.message_id || bytes > BYTES) return;
      bytes += JSON.stringify(event).length * 3;
      if (bytes > BYTES && keys.length) return;
      taken[key] = 1;
      keys.push(key);
      events.push(event);
    });
    if (!keys.length) return Promise.resolve();
    var body = JSON.stringify({ events: events });
    function release() { keys.forEach(function (key) { delete taken[key]; }); }
    return w.fetch(at("/v1/resolve/batch"), {
      method: "POST", body: body, keepalive: body.length * 3 < 60000, credentials: "omit",
      headers: { "Content-Type": "text/plain" }, // a request without preflight: it leaves with the page
      signal: w.AbortSignal && AbortSignal.timeout && AbortSignal.timeout(30000)
    }).then(function (response) {
      if (response.ok) return response.json();
      if (response.status >= 500 || [401, 403, 408, 429].indexOf(response.status) >= 0) {
        if (response.status === 401 || response.status === 403) failures = 6;
        told = 1000 * response.headers.get("Retry-After") || 0;
        throw new Error("answered " + response.status);
      }
      return { results: keys.map(function () { return { error: { status: response.status, detail: "refused" } }; }) };
    }).then(function (body) {
      failures = told = 0;
      body.results.forEach(function (answer, at) {
        if (answer.error) {
          if (answer.error.status >= 500) return failures++;
          if (w.console) w.console.warn("kinfold: an event was refused:", answer.error.detail);
        } else if (answer.tracker_id) stored(events[at].tracker_id, answer.tracker_id);
        drop(keys[at]);
      });
      release();
    }, function () { failures++; release(); });
  }
  function stored(sent, answered) {
    if (sent === answered) return;
    if (current() === sent) keep(answered);
    queued().forEach(function (key) {
      var event = read(key);
      if (!taken[key] && event.tracker_id === sent) {
        event.tracker_id = answered;
        put(key, JSON.stringify(event));
      }
    });
  }

  // A push subscription goes along once; after a logout only with the next login, since it leads to who left.
  function subscribed() {
    var workers = navigator.serviceWorker;
    if (!workers || !workers.getRegistration || !allowed()) return;
    workers.getRegistration().then(function (registration) {
      return registration && registration.pushManager && registration.pushManager.getSubscription();
    }).then(function (subscription) {
      var told = get(PREFIX + "push");
      if (!subscription || !allowed() || told === subscription.endpoint || told === "out") return;
      put(PREFIX + "push", subscription.endpoint);
      var event = { event: "push_subscription", subscription: subscription.endpoint };
      if (told) event.replaces = { subscription: told }; // the browser has another one in its place
      add(event);
    }).catch(function () { /* a page without push */ });
  }

  var NAMES = { firstName: "_name", lastName: "_surname" };
  function known(name, user, traits) {
    if (user && typeof user === "object") { traits = user; user = null; }
    var event = { event: name, properties: plain(traits) }, about = event.properties, email = about.email;
    delete about.email;
    Object.keys(NAMES).forEach(function (theirs) {
      if (!(theirs in about)) return;
      if (!(NAMES[theirs] in about)) about[NAMES[theirs]] = about[theirs];
      delete about[theirs];
    });
    if (typeof email === "string" && email) event.email = email;
    if (user !== null && user !== undefined && user !== "") {
      user = String(user);
      if (/^[^\s@]+@[^\s@]+$/.test(user)) event.email = user; else event.user_id = user;
    }
    add(event);
    // Who logs in says that the subscription leads to them now.
    if (get(PREFIX + "push") === "out" || name !== "identify") drop(PREFIX + "push");
    subscribed();
  }

  // What is said before the tag may speak is of the moment and the address that it was said at.
  var came = d.referrer, then = null;
  function moment() {
    var here = w.location;
    return then || { at: new Date().toISOString(), url: here.href, path: here.pathname, search: here.search,
      title: d.title, referrer: came };
  }

  // Beside the queue: an answer that comes too late to be drawn is not asked for again.
  function post(path, body) {
    return w.fetch(at(path), {
      method: "POST", body: JSON.stringify(body), keepalive: true, credentials: "omit",
      headers: { "Content-Type": "text/plain" }
    });
  }

  // The server is told before the tracker is forgotten: what this browser brought is not to reach who left.
  function forget(name) {
    add({ event: name, logout: true });
    keep(id());
    put(PREFIX + "push", "out");
  }

  var calls = {
    identify: function (user, traits) { known("identify", user, traits); },
    registered: function (user, traits) { known("registered", user, traits); },
    loggedIn: function (user, traits) { known("logged_in", user, traits); },
    loggedOut: function () { forget("logged_out"); },
    track: function (name, properties) {
      add({ event: String(name).slice(0, 255) || "track", event_properties: cleaned(plain(properties)) });
    },
    page: function (category, name, properties) {
      if (typeof name !== "string") { properties = name; name = category; category = null; }
      if (name && typeof name === "object") { properties = name; name = null; }
      var seen = moment(), about = { url: seen.url, path: seen.path, search: seen.search, title: seen.title,
        referrer: seen.referrer };
      if (name) about.name = name;
      if (category) about.category = category;
      add({ event: "page", event_properties: cleaned(Object.assign(about, plain(properties))) });
      subscribed();
    },
    offers: function (spaces, draw, context) {
      var sent = tracker(), asked = {};
      [].concat(spaces).forEach(function (space) {
        var names = String(space).split("/");
        (asked[names[0]] = asked[names[0]] || []).push(names.slice(1).join("/"));
      });
      Object.keys(asked).forEach(function (environment) {
        var body = { spaces: asked[environment] };
        if (sent) body.tracker_id = sent;
        if (context) body.context = plain(context);
        post("/v1/environments/" + encodeURIComponent(environment) + "/offers", body).then(function (response) {
          if (!response.ok) throw new Error("answered " + response.status);
          return response.json();
        }).then(function (answer) {
          if (answer.tracker_id) stored(sent, answer.tracker_id);
          answer.spaces.forEach(function (shown) {
            function tell(outcome, offer) {
              if (!shown.proposition_id) return;
              post("/v1/propositions/" + encodeURIComponent(shown.proposition_id) + "/outcome",
                offer ? { outcome: outcome, offer: offer } : { outcome: outcome }).catch(function () { /* as if unseen */ });
            }
            draw(shown.offers, tell, environment + "/" + shown.space);
            if (shown.offers.length) tell("presented");
          });
        }).catch(function (error) {
          if (w.console) w.console.warn("kinfold: no offers for " + environment + ":", error.message);
          asked[environment].forEach(function (space) {
            draw([], function () { /* nothing was proposed */ }, environment + "/" + space);
          });
        });
      });
    },
    reset: function () { forget("reset"); }
  };
  var api = {
    consent: function (given) {
      put(PREFIX + "consent", given === false ? "no" : "yes");
      if (given === false) {
        held = [];
        ready = false;
        queued().concat(PREFIX + "push").forEach(drop);
        keep("", 0);
      } else begin();
    },
    tracker: function () { return ready && allowed() ? tracker() : null; }
  };
  Object.keys(calls).forEach(function (name) {
    api[name] = function () {
      if (ready && allowed()) calls[name].apply(null, arguments);
      else if (get(PREFIX + "consent") !== "no") held.push([name, arguments, moment()]);
    };
  });
  api.push = function (call) { if (api[call[0]]) api[call[0]].apply(null, [].slice.call(call, 1)); };
  early.push = api.push; // for a page that kept the stub
  w.kinfold = api;

  // A link to another of the site's domains carries the tracker there, for two minutes.
  function belongs(host) {
    return listed(set.link).some(function (name) { return ("." + host).slice(-name.length - 1) === "." + name; });
  }
  function undecorated(search) { return search.replace(/([?&])_kf=[^&]*&?/g, "$1").replace(/[?&]$/, ""); }
  function decorate(event) {
    var link = event.target && event.target.closest && event.target.closest("a[href]"), to;
    if (!link || !ready || !allowed()) return;
    try { to = new URL(link.href); } catch (_) { return; }
    if (!/^https?:$/.test(to.protocol) || to.hostname === w.location.hostname || !belongs(to.hostname)) return;
    to.search = undecorated(to.search) + (undecorated(to.search) ? "&" : "?") + LINK + "=" +
      Date.now().toString(36) + "." + encodeURIComponent(tracker());
    link.href = to.href;
  }
  // Only from another one of these domains: anybody can write a link that carries a tracker of their own.
  function arrived() {
    var here = new URL(w.location.href), carried = here.searchParams.get(LINK), from;
    if (!carried) return "";
    here.search = undecorated(here.search);
    try { w.history.replaceState(w.history.state, "", here.href); } catch (_) { /* the address stays as it is */ }
    try { from = new URL(d.referrer).hostname; } catch (_) { return ""; }
    var age = Date.now() - parseInt(carried, 36);
    return from !== w.location.hostname && belongs(from) && age >= 0 && age <= LINK_LIVES ? carried.slice(carried.indexOf(".") + 1) : "";
  }
  var linked = set.link ? arrived() : "";
  if (set.link) ["click", "auxclick", "contextmenu"].forEach(function (name) {
    d.addEventListener(name, decorate, true);
  });

  // A page of a single-page app is another one when its address is; a fragment counts where it is a route.
  function place() { return w.location.href.replace(/#(?![!/]).*$/, ""); }
  function follow() {
    var last = place(), waits = 0;
    function moved() {
      clearTimeout(waits);
      waits = setTimeout(function () { // the app sets the title after the address
        if (place() === last) return;
        came = last;
        last = place();
        api.page();
      });
    }
    ["pushState", "replaceState"].forEach(function (name) {
      var own = w.history[name];
      w.history[name] = function () {
        var result = own.apply(this, arguments);
        moved();
        return result;
      };
    });
    w.addEventListener("popstate", moved);
    w.addEventListener("hashchange", moved);
  }

  // Tabs that begin at the same moment agree on one tracker before their first event.
  function begin() {
    function go() {
      ready = allowed();
      if (!ready) return;
      tracker();
      if (set.cookieBy === "server") lasting();
      held.splice(0).forEach(function (call) {
        then = call[2];
        try { calls[call[0]].apply(null, call[1]); } catch (error) { if (w.console) w.console.error(error); }
      });
      then = null;
      subscribed();
      later(20);
    }
    if (!allowed()) { if (get(PREFIX + "consent") === "no" && cookie()) keep("", 0); return; }
    if (ready) return;
    if (linked && !current()) keep(linked);
    if (current()) go();
    else if (navigator.locks) navigator.locks.request("kinfold.mint", go);
    else { tracker(); setTimeout(go, 60); }
  }
  w.addEventListener("storage", function (change) {
    if (change.key === PREFIX + "consent") begin(); // given in another tab
  });
  function leave() { if (queued().length) flush(); }
  w.addEventListener("pagehide", leave);
  d.addEventListener("visibilitychange", function () { if (d.visibilityState === "hidden") leave(); });
  w.addEventListener("online", function () { failures = 0; later(20); });
  if (set.page !== "manual") api.page();
  if (set.page === "history") follow();
  [].forEach.call(early, api.push);
  begin();
})(window, document);
