// name: explore.contacts
// purpose: Read contacts with their keys, what they show, and every id that leads to them.
// parameters: contact_ids
// columns: id, kind, created, seen, first, last, keys, properties, merged_from
// access: read
UNWIND $contact_ids AS id
MATCH (c:Contact {id: id}) USING INDEX SEEK c:Contact(id)
CALL (c) {
  MATCH (c)-[:HAS]->(period:Timeline)
  CALL (period) {
    // Periods of earlier versions keep no times of their own: their activity is read.
    WITH * WHERE period.first_occurred_at IS NULL
    MATCH (a:Activity)-[:ON]->(period)
    RETURN min(a.occurred_at) AS earliest, max(a.occurred_at) AS latest
  }
  RETURN
    min(coalesce(period.first_occurred_at, earliest)) AS first,
    max(coalesce(period.last_occurred_at, latest)) AS last
}
RETURN
  c.id AS id,
  c.kind AS kind,
  c.created_at.epochMillis * 1000 + c.created_at.microsecond % 1000 AS created,
  c.last_seen_at.epochMillis * 1000 + c.last_seen_at.microsecond % 1000 AS seen,
  first.epochMillis * 1000 + first.microsecond % 1000 AS first,
  last.epochMillis * 1000 + last.microsecond % 1000 AS last,
  COLLECT {
    MATCH (c)-[o:OWNS]->(k:Key)
    RETURN [
      k.namespace, k.value, o.since.epochMillis * 1000 + o.since.microsecond % 1000, o.position, o.merge,
      CASE WHEN k.namespace IN ['email', 'tracker_id', 'user_id'] THEN []
        ELSE COLLECT { MATCH (k)<-[:OWNS]-(other:Contact) WHERE other <> c RETURN other.id } END,
      o.asleep_at IS NOT NULL
    ]
  } AS keys,
  COLLECT {
    MATCH (c)-[:HAS_PROPERTY]->(p:Property {shown: true})
    WHERE p.value IS NOT NULL
    RETURN [p.name, p.value]
  } AS properties,
  COLLECT { MATCH (c)<-[:TO*]-(r:Redirect) RETURN r.id } AS merged_from
