// name: explore.owners_of_email
// purpose: List who owns this key: known first, then most recently seen, then smallest id.
// parameters: value
// columns: id
// access: read
MATCH (email0:Email {value: $value})<-[:OWNS]-(c:Contact) USING INDEX SEEK email0:Email(value)
RETURN c.id AS id
ORDER BY c.kind = 'anonymous', c.last_seen_at DESC, c.id
