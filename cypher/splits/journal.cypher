// name: splits.journal
// purpose: Write what a split took from a contact, so that it can be undone; judgements about it hold for every part.
// parameters: node, whole, parts, keys, periods, strayed, properties
// columns: -
// access: write
MATCH (whole:Contact {id: $whole}) USING INDEX SEEK whole:Contact(id)
CREATE (separation:Separation)-[:OF]->(whole)
SET separation = $node
WITH separation, whole
CALL (separation, whole) {
  UNWIND $parts AS row
  MATCH (part:Contact {id: row.contact}) USING INDEX SEEK part:Contact(id)
  CREATE (separation)-[:MADE {part: row.part, minted: row.minted, activities: row.activities, properties: row.properties}]->(part)
  WITH part, whole
  MATCH (whole)<-[:TO*0..]-(holder)<-[judges:JUDGES]-(judgement:Judgement)
  WITH DISTINCT part, judgement, judges.side AS side
  CREATE (judgement)-[:JUDGES {side: side}]->(part)
}
CALL (separation) {
  UNWIND $keys AS row
  MATCH (k:Key {namespace: row.namespace, value: row.value}) USING INDEX SEEK k:Key(namespace, value)
  CREATE (separation)-[took:TOOK]->(k)
  SET took = row.edge, took.part = row.part,
    took.since = datetime({epochSeconds: row.since[0], nanosecond: row.since[1]})
}
CALL (separation) {
  UNWIND $periods AS row
  MATCH (period:Timeline {id: row.period}) USING INDEX SEEK period:Timeline(id)
  CREATE (separation)-[:CARRIED {part: row.part}]->(period)
}
CALL (separation) {
  UNWIND $strayed AS row
  MATCH (was:Timeline {id: row.was}) USING INDEX SEEK was:Timeline(id)
  MATCH (period:Timeline {id: row.period}) USING INDEX SEEK period:Timeline(id)
  CREATE (separation)-[:PARTED {part: row.part, was: row.was}]->(period)
}
CALL (separation, whole) {
  UNWIND $properties AS row
  MATCH (whole)-[has:HAS_PROPERTY]->(p:Property)
  WHERE elementId(p) = row.element
  DELETE has
  SET p.shown = false
  CREATE (separation)-[:KEEPS {part: row.part}]->(p)
}
