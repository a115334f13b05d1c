// name: explore.contacts
// purpose: Read contacts with their keys, what they show, and every id that leads to them.
// parameters: contact_ids
// columns: id, kind, created, seen, keys, properties, merged_from
// access: read
UNWIND $contact_ids AS id
MATCH (c:Contact {id: id}) USING INDEX SEEK c:Contact(id)
RETURN
  c.id AS id,
  c.kind AS kind,
  c.created_at.epochMillis * 1000 + c.created_at.microsecond % 1000 AS created,
  c.last_seen_at.epochMillis * 1000 + c.last_seen_at.microsecond % 1000 AS seen,
  COLLECT {
    MATCH (c)-[o:OWNS]->(k:Key)
    RETURN [
      k.namespace, k.value, o.since.epochMillis * 1000 + o.since.microsecond % 1000, o.position, o.merge,
      CASE WHEN k.namespace IN ['email', 'tracker_id', 'user_id'] THEN []
        ELSE COLLECT { MATCH (k)<-[:OWNS]-(other:Contact) WHERE other <> c RETURN other.id } END
    ]
  } AS keys,
  COLLECT {
    MATCH (c)-[:HAS_PROPERTY]->(p:Property {shown: true})
    WHERE p.value IS NOT NULL
    RETURN [p.name, p.value]
  } AS properties,
  COLLECT { MATCH (c)<-[:TO*]-(r:Redirect) RETURN r.id } AS merged_from
