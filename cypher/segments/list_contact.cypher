// name: segments.list_contact
// purpose: Put a contact on a static segment's list, under the locks of both; tell whether it is new there.
// parameters: name, contact_id
// columns: contact, changed
// access: write
MATCH (s:Segment {name: $name}) USING INDEX SEEK s:Segment(name)
MATCH (c:Contact {id: $contact_id}) USING INDEX SEEK c:Contact(id)
REMOVE c._lock
REMOVE s._lock
WITH c, s WHERE c:Contact AND s.kind = 'static'
CALL (c, s) {
  OPTIONAL MATCH (c)-[listed:LISTED_IN]->(s)
  WITH collect(listed) AS edges
  RETURN size(edges) = 0 AS changed, all(listed IN edges WHERE listed.merge IS NOT NULL) AS lacking
}
// What a union brought goes with it when that is undone: what is put here by hand stays.
FOREACH (_ IN CASE WHEN lacking THEN [1] ELSE [] END | CREATE (c)-[:LISTED_IN]->(s))
RETURN c.id AS contact, changed AS changed
