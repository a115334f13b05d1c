// name: explore.owners_of_subscription
// purpose: List who owns this key: known first, then most recently seen, then smallest id.
// parameters: value
// columns: id
// access: read
MATCH (disputed:Subscription {value: $value})<-[:OWNS]-(c:Contact) USING INDEX SEEK disputed:Subscription(value)
RETURN c.id AS id
ORDER BY c.kind = 'anonymous', c.last_seen_at DESC, c.id
