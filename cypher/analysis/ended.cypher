// name: analysis.ended
// purpose: Read one page of the subscriptions that nobody owns any more, by namespace and value.
// parameters: after, limit, namespaces
// columns: page
// access: read
UNWIND [name IN $namespaces WHERE name >= split($after, ' ')[0]] AS namespace
CALL (namespace) {
  MATCH (s:Key) USING INDEX SEEK s:Key(namespace, value)
  WHERE s.namespace = namespace
    AND s.value > CASE WHEN $after STARTS WITH namespace + ' ' THEN substring($after, size(namespace) + 1) ELSE '' END
    AND NOT EXISTS { (s)<-[:OWNS]-(:Contact) }
  RETURN s ORDER BY s.value LIMIT $limit
}
WITH namespace, s ORDER BY namespace, s.value LIMIT $limit
RETURN collect([namespace + ' ' + s.value, namespace, s.value]) AS page
