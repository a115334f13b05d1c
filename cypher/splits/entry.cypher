// name: splits.entry
// purpose: Read one split, under locks, with everything that undoing it needs.
// parameters: id
// columns: id, whole, seen, at, undone, minted, around, blocked, parts, keys, periods, strayed
// access: write
MATCH (separation:Separation {id: $id})-[:OF]->(whole) USING INDEX SEEK separation:Separation(id)
REMOVE separation._lock, whole._lock
WITH separation, whole
RETURN
  separation.id AS id,
  whole.id AS whole,
  separation.seen AS seen,
  separation.at.epochMillis * 1000 + separation.at.microsecond % 1000 AS at,
  separation.undone_at IS NOT NULL AS undone,
  separation.minted AS minted,
  separation.around AS around,
  coalesce(separation.blocked, false) AS blocked,
  COLLECT { MATCH (separation)-[made:MADE]->(part) RETURN [part.id, made.minted] ORDER BY made.part } AS parts,
  COLLECT {
    MATCH (separation)-[took:TOOK]->(k:Key)
    RETURN [
      k.namespace,
      k.value,
      took.since.epochMillis * 1000 + took.since.microsecond % 1000,
      took.position,
      took.merge,
      took.message_id,
      coalesce(took.derived, false),
      [
        took.asleep_at.epochMillis * 1000 + took.asleep_at.microsecond % 1000,
        coalesce(took.turned_at.epochMillis * 1000 + took.turned_at.microsecond % 1000, 0),
        took.itself_asleep_at.epochMillis * 1000 + took.itself_asleep_at.microsecond % 1000
      ],
      took.part
    ]
  } AS keys,
  COLLECT {
    MATCH (separation)-[:CARRIED]->(period:Timeline)
    RETURN [
      period.id,
      COLLECT {
        MATCH (period)<-[:CARRIED]-(merge:Merge)
        WHERE merge.at <= separation.at
        RETURN [merge.source, merge.target, merge.undone_at IS NOT NULL]
        ORDER BY merge.at DESC, merge.id DESC
      }
    ]
  } AS periods,
  COLLECT { MATCH (separation)-[parted:PARTED]->(period:Timeline) RETURN [period.id, parted.was] } AS strayed
