// name: loads.finish
// purpose: Note that every row of a file is done.
// parameters: id, at
// columns: -
// access: write
MATCH (l:Load {id: $id}) USING INDEX SEEK l:Load(id)
SET l.finished_at = datetime({epochSeconds: $at[0], nanosecond: $at[1]})
