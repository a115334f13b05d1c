// name: splits.unions_of
// purpose: Tell of some unions whether they stand, who was folded, and with which ownership they took some keys along.
// parameters: merges
// columns: id, at, source, undone, keys
// access: read
UNWIND $merges AS id
MATCH (merge:Merge {id: id}) USING INDEX SEEK merge:Merge(id)
RETURN
  merge.id AS id,
  merge.at.epochMillis * 1000 + merge.at.microsecond % 1000 AS at,
  merge.source AS source,
  merge.undone_at IS NOT NULL AS undone,
  COLLECT {
    MATCH (merge)-[moved:MOVED]->(k:Key)
    RETURN [
      k.namespace,
      k.value,
      moved.since.epochMillis * 1000 + moved.since.microsecond % 1000,
      moved.position,
      moved.merge,
      moved.message_id,
      coalesce(moved.derived, false),
      [
        moved.asleep_at.epochMillis * 1000 + moved.asleep_at.microsecond % 1000,
        coalesce(moved.turned_at.epochMillis * 1000 + moved.turned_at.microsecond % 1000, 0),
        moved.itself_asleep_at.epochMillis * 1000 + moved.itself_asleep_at.microsecond % 1000
      ]
    ]
  } AS keys
