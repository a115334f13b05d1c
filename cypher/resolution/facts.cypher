// name: resolution.facts
// purpose: Read, under locks, who owns the keys of a batch, and what is known of those contacts.
// parameters: keys, subscriptions, shared, counters, message_ids, contact_ids, locks
// columns: keys, contacts, messages, splits, states
// access: write
// plan: kept
UNWIND $keys AS wanted
MATCH (k:Key {namespace: wanted[0], value: wanted[1]}) USING INDEX SEEK k:Key(namespace, value)
// Removing a property that is never there takes the node's lock and changes nothing.
FOREACH (_ IN $locks | REMOVE k._lock)
WITH k
OPTIONAL MATCH (k)<-[:OWNS]-(owner:Contact)
OPTIONAL MATCH (k)<-[:OF]-(period:Timeline)
WITH collect([k.namespace, k.value, owner.id, period.id]) AS keys, collect(DISTINCT owner) AS owners
// What follows takes what was found as an argument, so that it is read under the locks.
CALL (keys) {
  UNWIND $message_ids AS message_id
  MATCH (activity:Activity {message_id: message_id})-[:ON]->(period:Timeline) USING INDEX SEEK activity:Activity(message_id)
  MATCH (period)<-[:HAS]-(owner:Contact)
  MATCH (period)-[:OF|WAS_OF]->(tracker:Tracker)
  RETURN
    collect([
      message_id,
      owner.id,
      tracker.value,
      EXISTS { MATCH (owner)-[:OWNS]->(tracker) },
      activity.rule,
      activity.outcome
    ]) AS messages,
    collect(DISTINCT owner) AS message_owners
}
CALL (keys) {
  UNWIND $contact_ids AS id
  MATCH (named:Contact {id: id}) USING INDEX SEEK named:Contact(id)
  RETURN collect(named) AS named
}
CALL (keys) {
  UNWIND $subscriptions AS wanted
  MATCH (disputed:Key {namespace: wanted[0], value: wanted[1]})<-[:ON]-(split:Split) USING INDEX SEEK disputed:Key(namespace, value)
  MATCH (split)-[:BETWEEN]->(first)
  MATCH (first)-[:TO*0..]->(tracker_owner:Contact)
  MATCH (split)-[:MADE]->(second)
  MATCH (second)-[:TO*0..]->(made:Contact)
  RETURN collect([wanted[0], wanted[1], tracker_owner.id, made.id]) AS splits
}
CALL (keys) {
  UNWIND $subscriptions AS wanted
  MATCH (s:Key {namespace: wanted[0], value: wanted[1]}) USING INDEX SEEK s:Key(namespace, value)
  RETURN
    collect([
      wanted[0],
      wanted[1],
      COLLECT {
        MATCH (s)<-[o:OWNS]-(c:Contact)
        WHERE o.turned_at IS NOT NULL OR o.asleep_at IS NOT NULL OR o.itself_asleep_at IS NOT NULL
        RETURN [
          c.id,
          o.asleep_at.epochMillis * 1000 + o.asleep_at.microsecond % 1000,
          coalesce(o.turned_at.epochMillis * 1000 + o.turned_at.microsecond % 1000, 0),
          o.itself_asleep_at.epochMillis * 1000 + o.itself_asleep_at.microsecond % 1000
        ]
      },
      COLLECT { MATCH (s)-[:BROUGHT_BY]->(device:Key) RETURN [device.namespace, device.value] }
    ]) AS states
}
CALL (owners, message_owners, named) {
  UNWIND owners + message_owners + named AS c
  WITH DISTINCT c
  ORDER BY c.id
  FOREACH (_ IN $locks | REMOVE c._lock)
  // Who was folded while we waited for the lock is no contact any more.
  WITH c WHERE c:Contact
  RETURN collect({
    id: c.id,
    created: c.created_at.epochMillis * 1000 + c.created_at.microsecond % 1000,
    seen: c.last_seen_at.epochMillis * 1000 + c.last_seen_at.microsecond % 1000,
    split: c.split,
    nameless: coalesce(c.nameless, false),
    judged: coalesce(c.judged, false),
    // Of most namespaces a contact has no keys: of how many there are, nothing is to be sent for each contact.
    counts: [counter IN $counters WHERE c[counter] > 0 | [counter, c[counter]]],
    tracker_id: c.tracker_id,
    timeline_id: c.timeline_id,
    subscriptions: CASE WHEN c.subscriptions > 0
      THEN COLLECT { MATCH (c)-[:OWNS]->(s:Key) WHERE s.namespace IN $shared RETURN [s.namespace, s.value] }
      ELSE [] END
  }) AS contacts
}
RETURN keys, contacts, messages, splits, states
