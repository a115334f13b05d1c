// name: resolution.own
// purpose: Give contacts keys that are in the graph.
// parameters: emails, user_ids, subscriptions, trackers
// columns: -
// access: write
// plan: kept
CALL () {
  UNWIND $emails AS row
  MATCH (c:Contact {id: row.contact}) USING INDEX SEEK c:Contact(id)
  MATCH (k:Email {value: row.value}) USING INDEX SEEK k:Email(value)
  CREATE (c)-[o:OWNS]->(k)
  SET o = row.edge, o.since = datetime({epochSeconds: row.since[0], nanosecond: row.since[1]})
}
CALL () {
  UNWIND $user_ids AS row
  MATCH (c:Contact {id: row.contact}) USING INDEX SEEK c:Contact(id)
  MATCH (k:UserId {value: row.value}) USING INDEX SEEK k:UserId(value)
  CREATE (c)-[o:OWNS]->(k)
  SET o = row.edge, o.since = datetime({epochSeconds: row.since[0], nanosecond: row.since[1]})
}
CALL () {
  UNWIND $subscriptions AS row
  MATCH (c:Contact {id: row.contact}) USING INDEX SEEK c:Contact(id)
  MATCH (k:Subscription {value: row.value}) USING INDEX SEEK k:Subscription(value)
  CREATE (c)-[o:OWNS]->(k)
  SET o = row.edge, o.since = datetime({epochSeconds: row.since[0], nanosecond: row.since[1]})
}
CALL () {
  UNWIND $trackers AS row
  MATCH (c:Contact {id: row.contact}) USING INDEX SEEK c:Contact(id)
  MATCH (k:Tracker {value: row.value}) USING INDEX SEEK k:Tracker(value)
  CREATE (c)-[o:OWNS]->(k)
  SET o = row.edge, o.since = datetime({epochSeconds: row.since[0], nanosecond: row.since[1]})
}
