// name: segments.definition
// purpose: Read one segment's definition.
// parameters: name
// columns: name, kind, where_text, watch, on_union, changed
// access: read
MATCH (s:Segment {name: $name}) USING INDEX SEEK s:Segment(name)
RETURN
  s.name AS name,
  s.kind AS kind,
  s.where AS where_text,
  coalesce(s.watch, false) AS watch,
  s.on_union AS on_union,
  s.changed_at.epochMillis * 1000 + s.changed_at.microsecond % 1000 AS changed
