// name: properties.write
// purpose: Add, mark and drop property entries, and put away those that were replaced.
// parameters: created, shown, dropped, replaced, passed
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
  UNWIND $replaced AS row
  MATCH (p:Property)
  WHERE elementId(p) = row.element
  MATCH (p)<-[has:HAS_PROPERTY]-(holder)
  CREATE (holder)-[:HAD_PROPERTY]->(p)
  SET p:ReplacedProperty, p.shown = false,
    p.replaced_at = datetime({epochSeconds: row.at[0], nanosecond: row.at[1]})
  REMOVE p:Property
  DELETE has
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
    p.arrived_at = datetime({epochSeconds: row.arrived[0], nanosecond: row.arrived[1]}),
    p.first_arrived_at = CASE WHEN row.first IS NOT NULL
      THEN datetime({epochSeconds: row.first[0], nanosecond: row.first[1]}) END
}
CALL () {
  UNWIND $passed AS row
  MATCH (c:Contact {id: row.contact}) USING INDEX SEEK c:Contact(id)
  CREATE (c)-[:HAD_PROPERTY]->(p:ReplacedProperty)
  SET p = row.node,
    p.occurred_at = datetime({epochSeconds: row.occurred[0], nanosecond: row.occurred[1]}),
    p.arrived_at = datetime({epochSeconds: row.arrived[0], nanosecond: row.arrived[1]}),
    p.first_arrived_at = CASE WHEN row.first IS NOT NULL
      THEN datetime({epochSeconds: row.first[0], nanosecond: row.first[1]}) END,
    p.replaced_at = datetime({epochSeconds: row.at[0], nanosecond: row.at[1]})
}
