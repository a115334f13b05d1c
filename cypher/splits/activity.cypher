// name: splits.activity
// purpose: Tell on which period of a contact each of its activities is, and when it arrived.
// parameters: contact_id
// columns: message_id, period, received
// access: read
MATCH (c:Contact {id: $contact_id})-[:HAS]->(period:Timeline)<-[:ON]-(a:Activity) USING INDEX SEEK c:Contact(id)
RETURN
  a.message_id AS message_id,
  period.id AS period,
  a.received_at.epochMillis * 1000 + a.received_at.microsecond % 1000 AS received
