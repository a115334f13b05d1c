// name: replay.subscribers
// purpose: Read one page of the subscriptions there are, with the contacts that own each.
// parameters: after, limit
// columns: value, owners
// access: read
MATCH (s:Subscription) USING INDEX SEEK s:Subscription(value)
WHERE s.value > $after
WITH s ORDER BY s.value LIMIT $limit
RETURN s.value AS value, COLLECT { MATCH (s)<-[:OWNS]-(c:Contact) RETURN c.id ORDER BY c.id } AS owners
ORDER BY value
