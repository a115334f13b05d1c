// name: suggestions.contacts
// purpose: Read one page of contacts, by id, with their keys and those properties by which people are told apart.
// parameters: after, limit, names
// columns: page
// access: read
MATCH (c:Contact) USING INDEX SEEK c:Contact(id)
WHERE c.id > $after
WITH c ORDER BY c.id LIMIT $limit
RETURN collect([
  c.id,
  c.kind = 'known',
  c.created_at.epochMillis,
  COLLECT { MATCH (c)-[o:OWNS]->(k:Key) WHERE NOT coalesce(o.derived, false) RETURN [k.namespace, k.value] },
  COLLECT {
    MATCH (c)-[:HAS_PROPERTY]->(p:Property {shown: true})
    WHERE p.name IN $names AND p.value IS NOT NULL
    RETURN [p.name, p.value]
  },
  COLLECT { MATCH (c)<-[:TO*0..]-(holder)-[:MAY_BE]->(other)-[:TO*0..]->(living:Contact) RETURN DISTINCT living.id }
]) AS page
