// name: analysis.conflicts
// purpose: Read one page of subscriptions, by namespace and value, with the conflicts of row 4.3.3 on each: whose tracker it was, and when.
// parameters: after, limit, namespaces
// columns: page
// access: read
UNWIND [name IN $namespaces WHERE name >= split($after, ' ')[0]] AS namespace
CALL (namespace) {
  MATCH (s:Key) USING INDEX SEEK s:Key(namespace, value)
  WHERE s.namespace = namespace
    AND s.value > CASE WHEN $after STARTS WITH namespace + ' ' THEN substring($after, size(namespace) + 1) ELSE '' END
  RETURN s ORDER BY s.value LIMIT $limit
}
WITH namespace, s ORDER BY namespace, s.value LIMIT $limit
RETURN collect([
  namespace + ' ' + s.value,
  namespace,
  s.value,
  COLLECT { MATCH (s)<-[:ON]-(split:Split)-[:BETWEEN]->(owner) RETURN [owner.id, split.at.epochMillis] }
]) AS page
