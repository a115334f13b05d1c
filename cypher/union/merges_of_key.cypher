// name: union.merges_of_key
// purpose: List the unions, not undone, that a key went along with: what it has tied together so far.
// parameters: name, value
// columns: id, source, target, rule, message_id, at, occurred, undone_at
// access: read
MATCH (k:Key {namespace: $name, value: $value}) USING INDEX SEEK k:Key(namespace, value)
MATCH (k)<-[:MOVED]-(m:Merge)
WHERE m.undone_at IS NULL
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
  null AS undone_at
ORDER BY at DESC, id DESC
