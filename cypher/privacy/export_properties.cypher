// name: privacy.export_properties
// purpose: Read every property entry of a contact and of those folded into it.
// parameters: contact_id
// columns: contact, name, value, occurred, arrived, message_id, merge, shown
// access: read
MATCH (c:Contact {id: $contact_id})<-[:TO*0..]-(holder) USING INDEX SEEK c:Contact(id)
MATCH (holder)-[:HAS_PROPERTY|HAD_PROPERTY]->(p)
RETURN
  holder.id AS contact,
  p.name AS name,
  p.value AS value,
  p.occurred_at.epochMillis * 1000 + p.occurred_at.microsecond % 1000 AS occurred,
  p.arrived_at.epochMillis * 1000 + p.arrived_at.microsecond % 1000 AS arrived,
  p.message_id AS message_id,
  p.merge AS merge,
  p.shown AS shown
ORDER BY name, arrived, p.position, contact
