// name: resolution.create_keys
// purpose: Create keys that come into the graph in another way than with their only owner.
// parameters: emails, user_ids, subscriptions, trackers
// columns: -
// access: write
// plan: kept
CALL () {
  UNWIND $emails AS row
  CREATE (:Email {value: row.value})
}
CALL () {
  UNWIND $user_ids AS row
  CREATE (:UserId {value: row.value})
}
CALL () {
  UNWIND $subscriptions AS row
  CREATE (:Subscription {value: row.value})
}
CALL () {
  UNWIND $trackers AS row
  CREATE (:Tracker {value: row.value})
}
