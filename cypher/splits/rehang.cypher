// name: splits.rehang
// purpose: Move the activity that carried a person key of a part from periods that stay to the part's, with the times of both.
// parameters: rows, parts
// columns: -
// access: write
UNWIND $rows AS row
MATCH (was:Timeline {id: row.was}) USING INDEX SEEK was:Timeline(id)
MATCH (period:Timeline {id: row.period}) USING INDEX SEEK period:Timeline(id)
CALL (row, was, period) {
  MATCH (a:Activity)-[on:ON]->(was)
  WITH a, on, row, period, COLLECT { MATCH (a)-[:CARRIED]->(k:Key) RETURN [k.namespace, k.value] } AS carried
  WITH a, on, row, period,
    // insert: splits.part_of
    AS part
  WHERE part = row.part
  CREATE (a)-[:ON]->(period)
  DELETE on
}
CALL (was, period) {
  UNWIND [was, period] AS changed
  CALL (changed) {
    OPTIONAL MATCH (a:Activity)-[:ON]->(changed)
    RETURN min(a.occurred_at) AS first, max(a.occurred_at) AS latest, max(a.received_at) AS last
  }
  SET changed.first_occurred_at = first, changed.last_occurred_at = latest, changed.last_at = last
}
