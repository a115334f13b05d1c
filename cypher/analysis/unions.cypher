// name: analysis.unions
// purpose: Read one page of the unions that stand, by id: what each moved, and the event that caused it.
// parameters: after, limit, further
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
    MATCH (m)-[:MOVED]->(k:Key)
    WHERE k:Tracker OR k:Email OR k:UserId OR k:Subscription OR k.namespace IN $further
    RETURN [
      CASE
        WHEN k:Tracker THEN 0
        WHEN k:Email THEN 1
        WHEN k:UserId THEN 2
        WHEN k:Subscription THEN 3
        ELSE 4 + head([place IN range(0, size($further) - 1) WHERE $further[place] = k.namespace]) END,
      k.value
    ] LIMIT 600
  },
  CASE WHEN size($further) = 0 THEN [] ELSE COLLECT {
    MATCH (a)-[:CARRIED]->(k:Key)
    WHERE k.namespace IN $further
    RETURN [k.namespace, k.value]
  } END
]) AS page
