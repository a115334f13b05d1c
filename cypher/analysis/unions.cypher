// name: analysis.unions
// purpose: Read one page of the unions that stand, by id: what each moved, and the event that caused it.
// parameters: after, limit
// columns: id, source, target, rule, standing, at, tracker_id, email, user_id, subscription, moved
// access: read
MATCH (m:Merge) USING INDEX SEEK m:Merge(id)
WHERE m.id > $after
WITH m ORDER BY m.id LIMIT $limit
CALL (m) {
  OPTIONAL MATCH (a:Activity {message_id: m.message_id}) USING INDEX SEEK a:Activity(message_id)
  RETURN a
}
RETURN
  m.id AS id,
  m.source AS source,
  m.target AS target,
  m.rule AS rule,
  m.undone_at IS NULL AS standing,
  coalesce(a.occurred_at, m.at).epochMillis AS at,
  a.tracker_id AS tracker_id,
  a.email AS email,
  a.user_id AS user_id,
  a.subscription AS subscription,
  COLLECT {
    MATCH (m)-[:MOVED]->(k)
    RETURN [CASE WHEN k:Tracker THEN 0 WHEN k:Email THEN 1 WHEN k:UserId THEN 2 ELSE 3 END, k.value] LIMIT 600
  } AS moved
ORDER BY id
