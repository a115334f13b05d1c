// name: offers.put_offers
// purpose: Make offers, or change them, with the category that each lies in.
// parameters: offers
// columns: -
// access: write
UNWIND $offers AS row
MERGE (o:Offer {environment: row.environment, name: row.name})
SET o.definition = row.definition, o.state = row.state, o.weight = row.weight
WITH o, row
CALL (o) {
  MATCH (o)-[old:LIES_IN|PART_OF]->()
  DELETE old
}
CALL (o, row) {
  MATCH (e:Environment {name: row.environment}) USING INDEX SEEK e:Environment(name)
  CREATE (o)-[:PART_OF]->(e)
}
CALL (o, row) {
  MATCH (c:Category {environment: row.environment, path: row.category}) USING INDEX SEEK c:Category(environment, path)
  CREATE (o)-[:LIES_IN]->(c)
}
