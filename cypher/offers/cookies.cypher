// name: offers.cookies
// purpose: Give the keys of devices, of the namespaces named, that a contact, or one folded into it, has or had and that nobody else owns now, and the folders in which a visitor may stand for them.
// parameters: contact_id, names
// columns: folders, cookies
// access: read
MATCH (c:Contact {id: $contact_id}) USING INDEX SEEK c:Contact(id)
CALL (c) {
  MATCH (c)<-[:TO*0..]-(holder)
  CALL (holder) {
    MATCH (holder)-[:OWNS]->(k)
    RETURN k
    UNION
    MATCH (holder)-[:HAS]->(:Timeline)-[:OF|WAS_OF]->(k)
    RETURN k
    UNION
    MATCH (holder)<-[:FOLDED|INTO]-(:Merge)-[:MOVED]->(k)
    RETURN k
    UNION
    MATCH (holder)<-[:BETWEEN|MADE]-(:Split)-[:ON]->(k)
    RETURN k
  }
  WITH DISTINCT c, k
  WHERE k.namespace IN $names AND NOT EXISTS {
    MATCH (k)<-[:OWNS]-(other)
    WHERE other <> c
  }
  RETURN collect(k) AS cookies
}
RETURN
  COLLECT {
    MATCH (f:Folder) USING INDEX SEEK f:Folder(name)
    WHERE f.name >= ''
    RETURN f.name
  } AS folders,
  [k IN cookies | [k.namespace, k.value]] AS cookies
