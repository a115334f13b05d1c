// name: offers.put_rules
// purpose: Make typology rules, or change them.
// parameters: rules
// columns: -
// access: write
UNWIND $rules AS row
MERGE (r:TypologyRule {environment: row.environment, name: row.name})
SET r.definition = row.definition
WITH r, row
CALL (r, row) {
  MATCH (e:Environment {name: row.environment}) USING INDEX SEEK e:Environment(name)
  MERGE (r)-[:PART_OF]->(e)
}
