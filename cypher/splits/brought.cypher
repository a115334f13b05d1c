// name: splits.brought
// purpose: List unions that brought to a part a subscription that its split took: in which state, and when.
// parameters: id
// columns: namespace, value, at, sleep
// access: read
MATCH (separation:Separation {id: $id})-[:MADE]->(part)<-[:INTO]-(merge:Merge)
  USING INDEX SEEK separation:Separation(id)
WHERE merge.undone_at IS NULL
MATCH (merge)-[moved:MOVED]->(k:Key)<-[took:TOOK]-(separation)
WHERE moved.kept_since = took.since
WITH k, merge, moved
ORDER BY merge.at, merge.id
RETURN
  k.namespace AS namespace,
  k.value AS value,
  merge.at.epochMillis * 1000 + merge.at.microsecond % 1000 AS at,
  [
    moved.asleep_at.epochMillis * 1000 + moved.asleep_at.microsecond % 1000,
    coalesce(moved.turned_at.epochMillis * 1000 + moved.turned_at.microsecond % 1000, 0),
    moved.itself_asleep_at.epochMillis * 1000 + moved.itself_asleep_at.microsecond % 1000
  ] AS sleep
