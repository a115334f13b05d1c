// name: loads.owners
// purpose: Say who owns keys, without locks: the events that one contact's keys come with are kept in order.
// parameters: emails, user_ids, subscriptions, trackers
// columns: name, value, owner
// access: read
CALL () {
  UNWIND $emails AS value
  MATCH (k:Email {value: value})<-[:OWNS]-(c:Contact) USING INDEX SEEK k:Email(value)
  RETURN 'email' AS name, value, c.id AS owner
  UNION ALL
  UNWIND $user_ids AS value
  MATCH (k:UserId {value: value})<-[:OWNS]-(c:Contact) USING INDEX SEEK k:UserId(value)
  RETURN 'user_id' AS name, value, c.id AS owner
  UNION ALL
  UNWIND $subscriptions AS value
  MATCH (k:Subscription {value: value})<-[:OWNS]-(c:Contact) USING INDEX SEEK k:Subscription(value)
  RETURN 'subscription' AS name, value, c.id AS owner
  UNION ALL
  UNWIND $trackers AS value
  MATCH (k:Tracker {value: value})<-[:OWNS]-(c:Contact) USING INDEX SEEK k:Tracker(value)
  RETURN 'tracker_id' AS name, value, c.id AS owner
}
RETURN name, value, owner
