// name: loads.state
// purpose: Say how far the load of a file is.
// parameters: id
// columns: rows, loaded, created, refused, repeated, finished
// access: read
MATCH (l:Load {id: $id}) USING INDEX SEEK l:Load(id)
RETURN
  l.rows AS rows,
  l.loaded AS loaded,
  l.created AS created,
  l.refused AS refused,
  l.repeated AS repeated,
  l.finished_at IS NOT NULL AS finished
