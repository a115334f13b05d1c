// name: explore.owners
// purpose: List who owns this key: known first, then most recently seen, then smallest id.
// parameters: namespace, value
// columns: id
// access: read
MATCH (k:Key {namespace: $namespace, value: $value})<-[:OWNS]-(c:Contact) USING INDEX SEEK k:Key(namespace, value)
RETURN c.id AS id
ORDER BY c.kind = 'anonymous', c.last_seen_at DESC, c.id
