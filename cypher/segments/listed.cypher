// name: segments.listed
// purpose: Read one page of a static segment's members, in the order of their ids.
// parameters: name, after, limit
// columns: id, kind
// access: read
MATCH (segment0:Segment {name: $name})<-[:LISTED_IN]-(c:Contact) USING INDEX SEEK segment0:Segment(name)
WHERE c.id > $after
RETURN c.id AS id, c.kind AS kind
ORDER BY id
LIMIT $limit
