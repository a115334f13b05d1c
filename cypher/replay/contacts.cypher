// name: replay.contacts
// purpose: Read one page of the contacts there are, in the order of their ids.
// parameters: after, limit
// columns: id, kind
// access: read
MATCH (c:Contact) USING INDEX SEEK c:Contact(id)
WHERE c.id > $after
WITH c ORDER BY c.id LIMIT $limit
RETURN c.id AS id, c.kind AS kind
ORDER BY id
