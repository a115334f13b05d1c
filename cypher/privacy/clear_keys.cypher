// name: privacy.clear_keys
// purpose: Delete keys that nobody has any more, with what other journals say of them.
// parameters: emails, user_ids, trackers, subscriptions, changes
// columns: emails, user_ids, trackers, subscriptions
// access: write
CALL () {
  UNWIND $changes AS row
  MATCH (change:KeyChange {value: row.value}) USING INDEX SEEK change:KeyChange(value)
  WHERE change.key = row.key
  DETACH DELETE change
}
CALL () {
  UNWIND $emails AS value
  MATCH (k:Email {value: value}) USING INDEX SEEK k:Email(value)
  WHERE NOT EXISTS { MATCH (k)<-[:OWNS]-() }
  DETACH DELETE k
  RETURN count(*) AS emails
}
CALL () {
  UNWIND $user_ids AS value
  MATCH (k:UserId {value: value}) USING INDEX SEEK k:UserId(value)
  WHERE NOT EXISTS { MATCH (k)<-[:OWNS]-() }
  DETACH DELETE k
  RETURN count(*) AS user_ids
}
CALL () {
  UNWIND $trackers AS value
  MATCH (k:Tracker {value: value}) USING INDEX SEEK k:Tracker(value)
  WHERE NOT EXISTS { MATCH (k)<-[:OWNS|OF|WAS_OF|MOVED]-() }
  DETACH DELETE k
  RETURN count(*) AS trackers
}
CALL () {
  UNWIND $subscriptions AS value
  MATCH (k:Subscription {value: value}) USING INDEX SEEK k:Subscription(value)
  WHERE NOT EXISTS { MATCH (k)<-[:OWNS|MOVED|ON]-() }
  DETACH DELETE k
  RETURN count(*) AS subscriptions
}
RETURN emails, user_ids, trackers, subscriptions
