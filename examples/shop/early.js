(function (w, k) {
  k = w.kinfold = w.kinfold || [];
  ["identify", "track", "page", "reset", "consent"].forEach(function (m) {
    k[m] = k[m] || function () { k.push([m].concat([].slice.call(arguments))); };
  });
})(window);
