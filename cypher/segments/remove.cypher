// name: segments.remove
// purpose: Remove a segment with its list, under its lock.
// parameters: name
// columns: removed
// access: write
MATCH (s:Segment {name: $name}) USING INDEX SEEK s:Segment(name)
REMOVE s._lock
WITH s, s.name AS removed WHERE s:Segment
DETACH DELETE s
RETURN removed AS removed
