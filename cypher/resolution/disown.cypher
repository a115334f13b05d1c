// name: resolution.disown
// purpose: Take keys from contacts.
// parameters: emails, user_ids, subscriptions, trackers
// columns: -
// access: write
// plan: kept
CALL () {
  UNWIND $emails AS row
  MATCH (k:Email {value: row.value})<-[o:OWNS]-(:Contact {id: row.contact}) USING INDEX SEEK k:Email(value)
  DELETE o
}
CALL () {
  UNWIND $user_ids AS row
  MATCH (k:UserId {value: row.value})<-[o:OWNS]-(:Contact {id: row.contact}) USING INDEX SEEK k:UserId(value)
  DELETE o
}
CALL () {
  UNWIND $subscriptions AS row
  MATCH (k:Subscription {value: row.value})<-[o:OWNS]-(:Contact {id: row.contact}) USING INDEX SEEK k:Subscription(value)
  DELETE o
}
CALL () {
  UNWIND $trackers AS row
  MATCH (k:Tracker {value: row.value})<-[o:OWNS]-(:Contact {id: row.contact}) USING INDEX SEEK k:Tracker(value)
  DELETE o
}
