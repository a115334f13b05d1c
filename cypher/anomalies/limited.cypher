// name: anomalies.limited
// purpose: Read the newest events that a limit kept from being carried out, with their contacts.
// parameters: before, limit
// columns: contact, message_id, rule, tracker_id, subscription, trackers, subscriptions, at, occurred
// access: read
MATCH (a:Activity)
WHERE a.limited = true AND a.received_at <= datetime({epochSeconds: $before[0], nanosecond: $before[1]})
WITH a, a.received_at.epochMillis * 1000 + a.received_at.microsecond % 1000 AS at
ORDER BY at DESC, a.message_id DESC
LIMIT $limit
MATCH (a)-[:ON]->(period:Timeline)
MATCH (period)<-[:HAS]-(c:Contact)
RETURN
  c.id AS contact,
  a.message_id AS message_id,
  a.rule AS rule,
  a.tracker_id AS tracker_id,
  a.subscription AS subscription,
  c.trackers AS trackers,
  c.subscriptions AS subscriptions,
  at,
  a.occurred_at.epochMillis * 1000 + a.occurred_at.microsecond % 1000 AS occurred
ORDER BY at DESC, message_id DESC
