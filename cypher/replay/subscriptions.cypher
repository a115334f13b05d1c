// name: replay.subscriptions
// purpose: Read one page of the subscriptions there are, with how many contacts own each.
// parameters: after, limit
// columns: value, owners
// access: read
MATCH (s:Subscription) USING INDEX SEEK s:Subscription(value)
WHERE s.value > $after
WITH s ORDER BY s.value LIMIT $limit
RETURN s.value AS value, COUNT { (s)<-[:OWNS]-(:Contact) } AS owners
ORDER BY value
