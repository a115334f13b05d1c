// name: offers.put_categories
// purpose: Make categories, or change them, with where they lie and what they exclude.
// parameters: categories
// columns: -
// access: write
UNWIND $categories AS row
MERGE (c:Category {environment: row.environment, path: row.path})
SET c.definition = row.definition
WITH collect([c, row]) AS pairs
UNWIND pairs AS pair
WITH pair[0] AS c, pair[1] AS row
CALL (c) {
  MATCH (c)-[old:UNDER|EXCLUDES|PART_OF]->()
  DELETE old
}
CALL (c, row) {
  MATCH (e:Environment {name: row.environment}) USING INDEX SEEK e:Environment(name)
  CREATE (c)-[:PART_OF]->(e)
}
CALL (c, row) {
  MATCH (above:Category {environment: row.environment, path: row.parent}) USING INDEX SEEK above:Category(environment, path)
  CREATE (c)-[:UNDER]->(above)
}
CALL (c, row) {
  UNWIND row.excludes AS path
  MATCH (other:Category {environment: row.environment, path: path}) USING INDEX SEEK other:Category(environment, path)
  CREATE (c)-[:EXCLUDES]->(other)
}
