// name: offers.put_environments
// purpose: Make environments, or change them; an anonymous one has a folder of visitors, an identified one may go on from others.
// parameters: environments
// columns: -
// access: write
UNWIND $environments AS row
MERGE (e:Environment {name: row.name})
SET e.kind = row.kind, e.targeting_dimension = row.targeting_dimension, e.inbound_anonymous = row.inbound_anonymous,
  e.definition = row.definition, e.segment = row.segment
WITH e, row
CALL (e, row) {
  MATCH (e)-[kept:KEEPS_VISITORS_IN]->(before:Folder)
  WHERE row.folder IS NULL OR before.name <> row.folder
  DELETE kept
}
CALL (e, row) {
  WITH row.folder AS folder WHERE folder IS NOT NULL
  MERGE (f:Folder {name: folder})
  MERGE (e)-[:KEEPS_VISITORS_IN]->(f)
}
WITH collect([e, row]) AS pairs
UNWIND pairs AS pair
WITH pair[0] AS e, pair[1] AS row
CALL (e) {
  MATCH (e)-[old:GOES_ON_FROM]->()
  DELETE old
}
CALL (e, row) {
  UNWIND row.goes_on_from AS name
  MATCH (other:Environment {name: name}) USING INDEX SEEK other:Environment(name)
  CREATE (e)-[:GOES_ON_FROM]->(other)
}
