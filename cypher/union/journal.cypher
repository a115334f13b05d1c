// name: union.journal
// purpose: Write what unions moved, so that each can be taken back.
// parameters: merges
// columns: -
// access: write
// plan: kept
UNWIND $merges AS row
MATCH (source:Contact {id: row.source}) USING INDEX SEEK source:Contact(id)
MATCH (target:Contact {id: row.target}) USING INDEX SEEK target:Contact(id)
CREATE (merge:Merge)-[:FOLDED]->(source)
CREATE (merge)-[:INTO]->(target)
SET merge = row.node, merge.at = datetime({epochSeconds: row.at[0], nanosecond: row.at[1]})
WITH merge, row, source, target
CALL (merge, source, target) {
  MATCH (source)-[:LISTED_IN]->(segment:Segment {on_union: 'either'})
  WITH DISTINCT merge, target, segment
  CREATE (target)-[:LISTED_IN {merge: merge.id}]->(segment)
}
CALL (merge, row) {
  UNWIND row.timelines AS id
  MATCH (period:Timeline {id: id}) USING INDEX SEEK period:Timeline(id)
  CREATE (merge)-[:CARRIED]->(period)
}
CALL (merge, row) {
  UNWIND row.keys AS moved
  MATCH (k:Key {namespace: moved.namespace, value: moved.value}) USING INDEX SEEK k:Key(namespace, value)
  CREATE (merge)-[m:MOVED]->(k)
  SET m = moved.edge,
    m.since = datetime({epochSeconds: moved.since[0], nanosecond: moved.since[1]}),
    m.kept_since = CASE WHEN moved.kept_since IS NOT NULL
      THEN datetime({epochSeconds: moved.kept_since[0], nanosecond: moved.kept_since[1]}) END
}
