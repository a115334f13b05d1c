// name: loads.state
// purpose: Say how far the load of a file is, and whether it is the last one that was begun.
// parameters: id
// columns: rows, loaded, created, refused, repeated, conflicts, limited, shared, finished, last
// access: read
MATCH (l:Load {id: $id}) USING INDEX SEEK l:Load(id)
RETURN
  l.rows AS rows,
  l.loaded AS loaded,
  l.created AS created,
  l.refused AS refused,
  l.repeated AS repeated,
  coalesce(l.conflicts, 0) AS conflicts,
  coalesce(l.limited, 0) AS limited,
  coalesce(l.shared, 0) AS shared,
  l.finished_at IS NOT NULL AS finished,
  NOT EXISTS {
    MATCH (other:Load) USING INDEX other:Load(id)
    WHERE other.id >= '' AND other.began_at > l.began_at
  } AS last
