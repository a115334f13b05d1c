// name: privacy.clear_activity
// purpose: Delete some of the activity of those who are being erased, and note which keys it carried.
// parameters: erasure, limit
// columns: activities
// access: write
MATCH (erasure:Erasure {id: $erasure})-[:ERASES]->(:Erased)-[:HAS]->(:Timeline)<-[:ON]-(a:Activity)
  USING INDEX SEEK erasure:Erasure(id)
WITH erasure, a LIMIT $limit
WITH erasure, collect(a) AS found
CALL (erasure, found) {
  UNWIND found AS a
  WITH DISTINCT erasure, a.email AS value
  WHERE value IS NOT NULL
  MERGE (k:Key {namespace: 'email', value: value})
  MERGE (erasure)-[:CLEARS]->(k)
}
CALL (erasure, found) {
  UNWIND found AS a
  WITH DISTINCT erasure, a.user_id AS value
  WHERE value IS NOT NULL
  MERGE (k:Key {namespace: 'user_id', value: value})
  MERGE (erasure)-[:CLEARS]->(k)
}
CALL (erasure, found) {
  UNWIND found AS a
  WITH DISTINCT erasure, a.subscription AS value
  WHERE value IS NOT NULL
  MERGE (k:Key {namespace: 'subscription', value: value})
  MERGE (erasure)-[:CLEARS]->(k)
}
CALL (erasure, found) {
  UNWIND found AS a
  WITH DISTINCT erasure, a.tracker_id AS value
  WHERE value IS NOT NULL
  MERGE (k:Key {namespace: 'tracker_id', value: value})
  MERGE (erasure)-[:CLEARS]->(k)
}
CALL (erasure, found) {
  UNWIND found AS a
  MATCH (a)-[:CARRIED]->(k:Key)
  WITH DISTINCT erasure, k
  MERGE (erasure)-[:CLEARS]->(k)
}
WITH found, size(found) AS activities
FOREACH (a IN found | DETACH DELETE a)
RETURN activities
