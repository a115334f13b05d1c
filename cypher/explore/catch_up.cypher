// name: explore.catch_up
// purpose: Wait until the indexes of words hold what was committed before.
// parameters: -
// columns: -
// access: read
CALL db.index.fulltext.awaitEventuallyConsistentIndexRefresh()
