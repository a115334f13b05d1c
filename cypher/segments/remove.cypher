// name: segments.remove
// purpose: Remove a segment with its list.
// parameters: name
// columns: removed
// access: write
MATCH (s:Segment {name: $name}) USING INDEX SEEK s:Segment(name)
WITH s, s.name AS removed
DETACH DELETE s
RETURN removed AS removed
