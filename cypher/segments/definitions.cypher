// name: segments.definitions
// purpose: List every segment's definition.
// parameters: -
// columns: name, kind, where_text, watch, on_union, changed
// access: read
MATCH (s:Segment)
WHERE s.name > ''
RETURN
  s.name AS name,
  s.kind AS kind,
  s.where AS where_text,
  coalesce(s.watch, false) AS watch,
  s.on_union AS on_union,
  s.changed_at.epochMillis * 1000 + s.changed_at.microsecond % 1000 AS changed
ORDER BY name
