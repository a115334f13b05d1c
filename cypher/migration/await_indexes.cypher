// name: migration.await_indexes
// purpose: Wait until every index answers.
// parameters: -
// columns: -
// access: read
CALL db.awaitIndexes(300)
