// name: loads.advance
// purpose: Note, under the load's lock, that a batch of rows is done; nothing comes back when another process did it.
// parameters: id, from, to, loaded, created, refused, repeated, conflicts, limited, shared
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
  l.repeated = l.repeated + $repeated,
  l.conflicts = coalesce(l.conflicts, 0) + $conflicts,
  l.limited = coalesce(l.limited, 0) + $limited,
  l.shared = coalesce(l.shared, 0) + $shared
RETURN l.rows AS rows
