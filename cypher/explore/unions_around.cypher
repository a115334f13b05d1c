// name: explore.unions_around
// purpose: Read the unions into a contact, into those folded into it, and those of the contact itself.
// parameters: contact_id
// columns: id, source, target, rule, message_id, at, occurred, undone, keys
// access: read
MATCH (c:Contact {id: $contact_id}) USING INDEX SEEK c:Contact(id)
CALL (c) {
  MATCH (c)<-[:TO*0..]-(into)
  MATCH (into)<-[:INTO]-(m:Merge)
  RETURN m
  UNION
  MATCH (c)<-[:FOLDED]-(m:Merge)
  RETURN m
}
CALL (m) {
  OPTIONAL MATCH (a:Activity {message_id: m.message_id}) USING INDEX SEEK a:Activity(message_id)
  RETURN a
}
RETURN
  m.id AS id,
  m.source AS source,
  m.target AS target,
  m.rule AS rule,
  m.message_id AS message_id,
  m.at.epochMillis * 1000 + m.at.microsecond % 1000 AS at,
  a.occurred_at.epochMillis * 1000 + a.occurred_at.microsecond % 1000 AS occurred,
  m.undone_at.epochMillis * 1000 + m.undone_at.microsecond % 1000 AS undone,
  COLLECT { MATCH (m)-[:MOVED]->(k:Key) RETURN k.namespace + ' ' + k.value ORDER BY k.namespace, k.value } AS keys
