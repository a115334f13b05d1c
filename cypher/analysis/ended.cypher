// name: analysis.ended
// purpose: Read one page of the subscriptions that nobody owns any more, by value.
// parameters: after, limit
// columns: page
// access: read
MATCH (s:Subscription) USING INDEX SEEK s:Subscription(value)
WHERE s.value > $after AND NOT EXISTS { (s)<-[:OWNS]-(:Contact) }
WITH s ORDER BY s.value LIMIT $limit
RETURN collect([s.value]) AS page
