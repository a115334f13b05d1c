// name: analysis.store
// purpose: Name the store that this database is, so that two are not mixed in one export.
// parameters: -
// columns: store
// access: read
CALL db.info() YIELD id
RETURN id AS store
