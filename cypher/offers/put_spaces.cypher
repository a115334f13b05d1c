// name: offers.put_spaces
// purpose: Make spaces, or change them, with the spaces that answer in their place.
// parameters: spaces
// columns: -
// access: write
UNWIND $spaces AS row
MERGE (s:Space {environment: row.environment, name: row.name})
SET s.definition = row.definition
WITH collect([s, row]) AS pairs
UNWIND pairs AS pair
WITH pair[0] AS s, pair[1] AS row
CALL (s) {
  MATCH (s)-[old:FALLS_BACK_TO|PART_OF]->()
  DELETE old
}
CALL (s, row) {
  MATCH (e:Environment {name: row.environment}) USING INDEX SEEK e:Environment(name)
  CREATE (s)-[:PART_OF]->(e)
}
CALL (s, row) {
  MATCH (answering:Space {environment: row.anonymous_environment, name: row.anonymous_space})
    USING INDEX SEEK answering:Space(environment, name)
  CREATE (s)-[:FALLS_BACK_TO]->(answering)
}
