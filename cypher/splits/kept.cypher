// name: splits.kept
// purpose: List unions of before a split whose contact had owned a subscription that the split took, as the whole did already.
// parameters: id
// columns: namespace, value, merge, source, undone, since, position, before, message_id, at, sleep
// access: read
MATCH (separation:Separation {id: $id})-[:OF]->(whole) USING INDEX SEEK separation:Separation(id)
MATCH (separation)-[took:TOOK]->(k:Key)<-[moved:MOVED]-(merge:Merge)
WHERE merge.target = whole.id AND merge.at <= separation.at AND moved.kept_since = took.since
  AND (merge.undone_at IS NULL OR merge.undone_at > separation.at)
WITH k, merge, moved
ORDER BY merge.at, merge.id
RETURN
  k.namespace AS namespace,
  k.value AS value,
  merge.id AS merge,
  merge.source AS source,
  merge.undone_at IS NOT NULL AS undone,
  moved.since.epochMillis * 1000 + moved.since.microsecond % 1000 AS since,
  moved.position AS position,
  moved.merge AS before,
  moved.message_id AS message_id,
  merge.at.epochMillis * 1000 + merge.at.microsecond % 1000 AS at,
  [
    moved.asleep_at.epochMillis * 1000 + moved.asleep_at.microsecond % 1000,
    coalesce(moved.turned_at.epochMillis * 1000 + moved.turned_at.microsecond % 1000, 0),
    moved.itself_asleep_at.epochMillis * 1000 + moved.itself_asleep_at.microsecond % 1000
  ] AS sleep
