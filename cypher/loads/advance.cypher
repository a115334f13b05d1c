// name: loads.advance
// purpose: Note, under the load's lock, that a batch of rows is done; nothing comes back when another process did it.
// parameters: id, from, to, loaded, created, refused, repeated
// columns: rows
// access: write
MATCH (l:Load {id: $id}) USING INDEX SEEK l:Load(id)
REMOVE l._lock
WITH l
WHERE l.rows = $from
SET l.rows = $to,
  l.loaded = l.loaded + $loaded,
  l.created = l.created + $created,
  l.refused = l.refused + $refused,
  l.repeated = l.repeated + $repeated
RETURN l.rows AS rows
