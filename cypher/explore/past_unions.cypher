// name: explore.past_unions
// purpose: Read every union that contacts took part in, undone ones too.
// parameters: ids
// columns: id, source, target, rule, message_id, at, occurred, undone, brought
// access: read
UNWIND $ids AS id
CALL (id) {
  MATCH (n:Contact {id: id}) USING INDEX SEEK n:Contact(id)
  RETURN n
  UNION
  MATCH (n:Redirect {id: id}) USING INDEX SEEK n:Redirect(id)
  RETURN n
}
MATCH (n)<-[:FOLDED|INTO]-(m:Merge)
WITH DISTINCT m
CALL (m) {
  OPTIONAL MATCH (a:Activity {message_id: m.message_id}) USING INDEX SEEK a:Activity(message_id)
  RETURN a.occurred_at.epochMillis * 1000 + a.occurred_at.microsecond % 1000 AS occurred
}
RETURN
  m.id AS id,
  m.source AS source,
  m.target AS target,
  m.rule AS rule,
  m.message_id AS message_id,
  m.at.epochMillis * 1000 + m.at.microsecond % 1000 AS at,
  occurred,
  m.undone_at.epochMillis * 1000 + m.undone_at.microsecond % 1000 AS undone,
  COLLECT { MATCH (m)-[:MOVED]->(k:Key) RETURN [k.namespace, k.value] ORDER BY k.namespace, k.value } AS brought
