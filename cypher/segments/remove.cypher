// name: segments.remove
// purpose: Remove a segment with its list, under its lock, and let whoever knows the catalogue read it again.
// parameters: name
// columns: removed
// access: write
MATCH (s:Segment {name: $name}) USING INDEX SEEK s:Segment(name)
REMOVE s._lock
WITH s, s.name AS removed WHERE s:Segment
DETACH DELETE s
WITH removed
CALL () {
  MATCH (catalogue:Catalogue {name: 'catalogue'}) USING INDEX SEEK catalogue:Catalogue(name)
  SET catalogue.version = randomUUID()
}
RETURN removed AS removed
