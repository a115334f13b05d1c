// name: splits.rehang_messages
// purpose: Move activity, by its messages, to another period on the same tracker, with the times of both.
// parameters: rows
// columns: -
// access: write
UNWIND $rows AS row
MATCH (was:Timeline {id: row.was}) USING INDEX SEEK was:Timeline(id)
MATCH (period:Timeline {id: row.period}) USING INDEX SEEK period:Timeline(id)
CALL (row, was, period) {
  UNWIND row.messages AS message_id
  MATCH (a:Activity {message_id: message_id})-[on:ON]->(was) USING INDEX SEEK a:Activity(message_id)
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
