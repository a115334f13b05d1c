// name: segments.listed
// purpose: Read one page of a static segment's members, in the order of their ids.
// parameters: name, after, limit
// columns: id, kind
// access: read
MATCH (s:Segment {name: $name}) USING INDEX SEEK s:Segment(name)
WITH s
MATCH (s)<-[:LISTED_IN]-(c:Contact)
WITH DISTINCT c, c.id AS id
WHERE id > $after
RETURN id AS id, c.kind AS kind
ORDER BY id
LIMIT $limit
