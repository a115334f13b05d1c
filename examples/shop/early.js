(function (w, k) {
  k = w.kinfold = w.kinfold || [];
  "identify registered loggedIn loggedOut track page offers reset consent".split(" ").forEach(function (m) {
    k[m] = k[m] || function () { k.push([m].concat([].slice.call(arguments))); };
  });
  k.tracker = k.tracker || function () { return null; };
})(window);
