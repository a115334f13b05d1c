// name: resolution.write
// purpose: Create contacts, give contacts keys that are new to the graph, note activity and the changes of the feed; times are [seconds, nanoseconds].
// parameters: contacts, changes, activities, feed
// columns: -
// access: write
// plan: kept
CALL () {
  UNWIND $contacts AS row
  CREATE (c:Contact)
  SET c = row.set, c.id = row.id,
    c.created_at = datetime.fromEpoch(row.created[0], row.created[1]),
    c.last_seen_at = datetime.fromEpoch(row.seen[0], row.seen[1])
  // insert: resolution.new_keys
}
CALL () {
  UNWIND $changes AS row
  MATCH (c:Contact {id: row.id}) USING INDEX SEEK c:Contact(id)
  SET c += row.set, c.last_seen_at = datetime.fromEpoch(row.seen[0], row.seen[1])
  // insert: resolution.new_keys
}
CALL () {
  UNWIND $activities AS row
  // insert: resolution.activity
}
CALL () {
  UNWIND $feed AS row
  CREATE (c:Change)
  SET c = row
}
