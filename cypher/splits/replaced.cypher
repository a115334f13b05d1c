// name: splits.replaced
// purpose: Read the values that newer ones replaced on a contact, and on those folded into it, each with the message that brought it.
// parameters: contact_id
// columns: name, value, occurred, arrived, message_id, own
// access: read
MATCH (c:Contact {id: $contact_id})<-[to:TO*0..]-(holder) USING INDEX SEEK c:Contact(id)
MATCH (holder)-[:HAS_PROPERTY|HAD_PROPERTY]->(p)
WHERE p.merge IS NULL
RETURN
  p.name AS name,
  p.value AS value,
  p.occurred_at.epochMillis * 1000 + p.occurred_at.microsecond % 1000 AS occurred,
  p.arrived_at.epochMillis * 1000 + p.arrived_at.microsecond % 1000 AS arrived,
  p.message_id AS message_id,
  // A part of a split that was undone is the contact itself.
  all(one IN to WHERE one.split IS NOT NULL) AS own
