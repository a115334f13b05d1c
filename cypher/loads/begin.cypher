// name: loads.begin
// purpose: Begin the load of a file, or begin it anew.
// parameters: id, at
// columns: -
// access: write
MERGE (l:Load {id: $id})
SET l = {
  id: $id, rows: 0, loaded: 0, created: 0, refused: 0, repeated: 0,
  began_at: datetime({epochSeconds: $at[0], nanosecond: $at[1]})
}
