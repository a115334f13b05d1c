// name: union.entry
// purpose: Read one journal entry, under locks, with everything that undoing it needs.
// parameters: merge_id
// columns: id, at, source, target, living, undone, frozen, moved, timelines, heirs, others, losses
// access: write
MATCH (merge:Merge {id: $merge_id})-[:INTO]->(target) USING INDEX SEEK merge:Merge(id)
MATCH (merge)-[:FOLDED]->(source)
REMOVE merge._lock, source._lock, target._lock
WITH merge, source, target
CALL (merge) {
  MATCH (merge)-[m:MOVED]->(k:Key)
  WITH m, k
  ORDER BY k.namespace, k.value
  REMOVE k._lock
  WITH m, k
  RETURN collect([
    k.namespace,
    k.value,
    m.since.epochMillis * 1000 + m.since.microsecond % 1000,
    m.position,
    m.merge,
    m.message_id,
    coalesce(m.derived, false),
    m.kept_since.epochMillis * 1000 + m.kept_since.microsecond % 1000,
    [
      m.asleep_at.epochMillis * 1000 + m.asleep_at.microsecond % 1000,
      coalesce(m.turned_at.epochMillis * 1000 + m.turned_at.microsecond % 1000, 0),
      m.itself_asleep_at.epochMillis * 1000 + m.itself_asleep_at.microsecond % 1000
    ]
  ]) AS moved
}
CALL (merge, target) {
  MATCH (merge)-[:MOVED]->(k:Key)
  MATCH (k)<-[m:MOVED]-(other:Merge)
  MATCH (other)-[:INTO]->(target)
  WHERE other <> merge AND other.undone_at IS NULL AND m.kept_since IS NOT NULL
  WITH k, m, other ORDER BY other.at, other.id
  RETURN collect([
    k.namespace,
    k.value,
    m.kept_since.epochMillis * 1000 + m.kept_since.microsecond % 1000,
    other.id,
    other.at.epochMillis * 1000 + other.at.microsecond % 1000,
    [
      m.asleep_at.epochMillis * 1000 + m.asleep_at.microsecond % 1000,
      coalesce(m.turned_at.epochMillis * 1000 + m.turned_at.microsecond % 1000, 0),
      m.itself_asleep_at.epochMillis * 1000 + m.itself_asleep_at.microsecond % 1000
    ]
  ]) AS heirs
}
RETURN
  merge.id AS id,
  merge.at.epochMillis * 1000 + merge.at.microsecond % 1000 AS at,
  source.id AS source,
  target.id AS target,
  target:Contact AS living,
  merge.undone_at IS NOT NULL AS undone,
  {
    split: source.split,
    nameless: coalesce(source.nameless, false),
    created: source.created_at.epochMillis * 1000 + source.created_at.microsecond % 1000,
    seen: source.last_seen_at.epochMillis * 1000 + source.last_seen_at.microsecond % 1000
  } AS frozen,
  moved,
  COLLECT {
    MATCH (merge)-[:CARRIED]->(period:Timeline)
    // What left and came back with a later union is that one's.
    WHERE NOT EXISTS {
      MATCH (period)<-[:CARRIED]-(later:Merge)-[:INTO]->(target)
      WHERE later.undone_at IS NULL AND later.at > merge.at
    }
    RETURN period.id
  } AS timelines,
  heirs,
  COLLECT {
    MATCH (target)<-[:INTO]-(other:Merge)-[:FOLDED]->(folded)
    WHERE other <> merge AND other.undone_at IS NULL
    RETURN [other.id, coalesce(folded.nameless, false)]
  } AS others,
  COLLECT {
    MATCH (target)-[:LOST_NAME]->(loss:NameLoss)
    RETURN [loss.came_by, loss.left_by, loss.outlived]
  } AS losses
