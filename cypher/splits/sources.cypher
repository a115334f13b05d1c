// name: splits.sources
// purpose: Tell, of the messages that brought properties, on which period each is, when it arrived, and of which part it carried a person key.
// parameters: message_ids, parts
// columns: message_id, period, received, part
// access: read
UNWIND $message_ids AS message_id
MATCH (a:Activity {message_id: message_id})-[:ON]->(period:Timeline) USING INDEX SEEK a:Activity(message_id)
WITH a, period, COLLECT { MATCH (a)-[:CARRIED]->(k:Key) RETURN [k.namespace, k.value] } AS carried
RETURN
  a.message_id AS message_id,
  period.id AS period,
  a.received_at.epochMillis * 1000 + a.received_at.microsecond % 1000 AS received,
  // insert: splits.part_of
  AS part
