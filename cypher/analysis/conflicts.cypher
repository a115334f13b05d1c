// name: analysis.conflicts
// purpose: Read one page of subscriptions, by value, with the conflicts of row 4.3.3 on each: whose tracker it was, and when.
// parameters: after, limit
// columns: page
// access: read
MATCH (s:Subscription) USING INDEX SEEK s:Subscription(value)
WHERE s.value > $after
WITH s ORDER BY s.value LIMIT $limit
RETURN collect([
  s.value,
  COLLECT { MATCH (s)<-[:ON]-(split:Split)-[:BETWEEN]->(owner) RETURN [owner.id, split.at.epochMillis] }
]) AS page
