// name: reidentify.activity
// purpose: Read one page of activity in the order of its arrival: whose it is, on which tracker, and the keys that it carried.
// parameters: after, after_id, limit
// columns: page
// access: read
MATCH (a:Activity) USING INDEX SEEK a:Activity(received_at, rule)
WHERE a.received_at >= $after AND a.rule IS NOT NULL AND (a.received_at > $after OR a.message_id > $after_id)
WITH a ORDER BY a.received_at, a.message_id LIMIT $limit
MATCH (a)-[:ON]->(period:Timeline)-[:OF|WAS_OF]->(tracker:Tracker)
MATCH (contact:Contact)-[:HAS]->(period)
WITH a, contact, tracker
ORDER BY a.received_at, a.message_id
RETURN collect([
  a.message_id,
  a.received_at.epochMillis * 1000 + a.received_at.microsecond % 1000,
  a.occurred_at.epochMillis * 1000 + a.occurred_at.microsecond % 1000,
  contact.id,
  tracker.value,
  a.tracker_id,
  a.email,
  a.user_id,
  a.subscription,
  COLLECT { MATCH (a)-[:CARRIED]->(k:Key) RETURN [k.namespace, k.value] ORDER BY k.namespace, k.value }
]) AS page
