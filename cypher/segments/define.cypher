// name: segments.define
// purpose: Make a segment or change its definition; what becomes dynamic loses its list, and whoever knows the catalogue reads it again.
// parameters: name, kind, where_text, watch, on_union, at
// columns: -
// access: write
MERGE (s:Segment {name: $name})
SET s.kind = $kind, s.where = $where_text, s.watch = $watch, s.on_union = $on_union, s.changed_at = $at
WITH s
CALL () {
  MATCH (catalogue:Catalogue {name: 'catalogue'}) USING INDEX SEEK catalogue:Catalogue(name)
  SET catalogue.version = randomUUID()
}
WITH s WHERE $kind <> 'static'
MATCH (s)<-[listed:LISTED_IN]-()
DELETE listed
