// name: segments.members
// purpose: Read one page of the contacts that meet a condition now, in the order of their ids.
// parameters: after, limit, now, names, events, leaves, nodes, did
// columns: id, kind
// access: read
MATCH (c:Contact)
WHERE c.id > $after AND
  // insert: segments.did_one
// insert: segments.member
WITH c, member WHERE member
RETURN c.id AS id, c.kind AS kind
ORDER BY id
LIMIT $limit
