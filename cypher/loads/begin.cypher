// name: loads.begin
// purpose: Begin the load of a file where there is none, or begin it anew.
// parameters: id, at, anew
// columns: -
// access: write
MERGE (l:Load {id: $id})
REMOVE l._lock
WITH l WHERE $anew OR l.began_at IS NULL
SET l = {
  id: $id, rows: 0, loaded: 0, created: 0, refused: 0, repeated: 0,
  conflicts: 0, limited: 0, shared: 0,
  began_at: datetime({epochSeconds: $at[0], nanosecond: $at[1]})
}
