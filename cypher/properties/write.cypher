// name: properties.write
// purpose: Add, mark and drop property entries.
// parameters: created, shown, dropped
// columns: -
// access: write
// plan: kept
CALL () {
  UNWIND $dropped AS element
  MATCH (p:Property)
  WHERE elementId(p) = element
  DETACH DELETE p
}
CALL () {
  UNWIND $shown AS row
  MATCH (p:Property)
  WHERE elementId(p) = row.element
  SET p.shown = row.shown, p.value = row.value, p.removed = row.removed
}
CALL () {
  UNWIND $created AS row
  MATCH (c:Contact {id: row.contact}) USING INDEX SEEK c:Contact(id)
  CREATE (c)-[:HAS_PROPERTY]->(p:Property)
  SET p = row.node,
    p.occurred_at = datetime({epochSeconds: row.occurred[0], nanosecond: row.occurred[1]}),
    p.arrived_at = datetime({epochSeconds: row.arrived[0], nanosecond: row.arrived[1]})
}
