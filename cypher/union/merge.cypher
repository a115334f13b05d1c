// name: union.merge
// purpose: Read one journal entry.
// parameters: merge_id
// columns: id, source, target, rule, message_id, at, occurred, undone_at
// access: read
MATCH (m:Merge {id: $merge_id}) USING INDEX SEEK m:Merge(id)
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
  m.undone_at.epochMillis * 1000 + m.undone_at.microsecond % 1000 AS undone_at
