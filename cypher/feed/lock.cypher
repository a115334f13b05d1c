// name: feed.lock
// purpose: Make the feed's node where there is none, and lock it: one transaction at a time numbers changes or reads numbers.
// parameters: name
// columns: -
// access: write
MERGE (f:Feed {name: $name})
  ON CREATE SET f.last = 0, f.swept = 0
REMOVE f._lock
