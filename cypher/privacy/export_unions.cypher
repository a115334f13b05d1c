// name: privacy.export_unions
// purpose: Read the journal of unions of a contact and of those folded into it, with the keys that each moved.
// parameters: contact_id
// columns: id, source, target, rule, message_id, at, occurred, undone_at, moved, periods
// access: read
MATCH (c:Contact {id: $contact_id})<-[:TO*0..]-(holder) USING INDEX SEEK c:Contact(id)
MATCH (holder)<-[:FOLDED|INTO]-(m:Merge)
WITH DISTINCT m
OPTIONAL MATCH (a:Activity {message_id: m.message_id}) USING INDEX SEEK a:Activity(message_id)
RETURN
  m.id AS id,
  m.source AS source,
  m.target AS target,
  m.rule AS rule,
  m.message_id AS message_id,
  m.at.epochMillis * 1000 + m.at.microsecond % 1000 AS at,
  a.occurred_at.epochMillis * 1000 + a.occurred_at.microsecond % 1000 AS occurred,
  m.undone_at.epochMillis * 1000 + m.undone_at.microsecond % 1000 AS undone_at,
  COLLECT {
    MATCH (m)-[moved:MOVED]->(k:Key)
    RETURN {
      namespace: k.namespace,
      value: k.value,
      since: moved.since.epochMillis * 1000 + moved.since.microsecond % 1000,
      message_id: moved.message_id,
      kept_since: moved.kept_since.epochMillis * 1000 + moved.kept_since.microsecond % 1000
    }
    ORDER BY k.namespace, k.value
  } AS moved,
  COLLECT { MATCH (m)-[:CARRIED]->(period:Timeline) RETURN period.id ORDER BY period.id } AS periods
ORDER BY at, id
