// name: anomalies.add_findings
// purpose: Store findings of a run, each tied to the contacts and keys that it names.
// parameters: findings
// columns: -
// access: write
UNWIND $findings AS row
CREATE (f:Finding)
SET f = row.node
WITH f, row
CALL (f, row) {
  UNWIND row.contacts AS id
  MATCH (c:Contact {id: id}) USING INDEX SEEK c:Contact(id)
  CREATE (f)-[:ABOUT]->(c)
}
CALL (f, row) {
  UNWIND row.trackers AS value
  MATCH (k:Tracker {value: value}) USING INDEX SEEK k:Tracker(value)
  CREATE (f)-[:ABOUT]->(k)
}
CALL (f, row) {
  UNWIND row.subscriptions AS value
  MATCH (k:Subscription {value: value}) USING INDEX SEEK k:Subscription(value)
  CREATE (f)-[:ABOUT]->(k)
}
CALL (f, row) {
  UNWIND row.emails AS value
  MATCH (k:Email {value: value}) USING INDEX SEEK k:Email(value)
  CREATE (f)-[:ABOUT]->(k)
}
CALL (f, row) {
  UNWIND row.user_ids AS value
  MATCH (k:UserId {value: value}) USING INDEX SEEK k:UserId(value)
  CREATE (f)-[:ABOUT]->(k)
}
