// name: analysis.unions
// purpose: Read one page of the unions that stand, by id: what each moved, and the event that caused it.
// parameters: after, limit, persons
// columns: page
// access: read
MATCH (m:Merge) USING INDEX SEEK m:Merge(id)
WHERE m.id > $after
WITH m ORDER BY m.id LIMIT $limit
CALL (m) {
  OPTIONAL MATCH (a:Activity {message_id: m.message_id}) USING INDEX SEEK a:Activity(message_id)
  RETURN a
}
RETURN collect([
  m.id,
  m.source,
  m.target,
  m.rule,
  m.undone_at IS NULL,
  coalesce(a.occurred_at, m.at).epochMillis,
  a.tracker_id,
  a.email,
  a.user_id,
  a.subscription,
  COLLECT {
    MATCH (m)-[:MOVED]->(k:Tracker|Email|UserId|Subscription)
    RETURN [CASE WHEN k:Tracker THEN 0 WHEN k:Email THEN 1 WHEN k:UserId THEN 2 ELSE 3 END, k.value] LIMIT 600
  },
  CASE WHEN size($persons) > 0 THEN head(COLLECT {
    MATCH (a)-[:CARRIED]->(k:Key)
    WHERE k.namespace IN $persons
    RETURN [k.namespace, k.value]
    ORDER BY head([place IN range(0, size($persons) - 1) WHERE $persons[place] = k.namespace]), k.value
    LIMIT 1
  }) END
]) AS page
