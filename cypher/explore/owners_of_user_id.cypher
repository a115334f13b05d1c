// name: explore.owners_of_user_id
// purpose: List who owns this key: known first, then most recently seen, then smallest id.
// parameters: value
// columns: id
// access: read
MATCH (user0:UserId {value: $value})<-[:OWNS]-(c:Contact) USING INDEX SEEK user0:UserId(value)
RETURN c.id AS id
ORDER BY c.kind = 'anonymous', c.last_seen_at DESC, c.id
