// name: properties.entries
// purpose: Read every property entry of some contacts.
// parameters: contact_ids
// columns: contact, name, value, occurred, arrived, source, fill, position, element, shown
// access: read
// plan: kept
UNWIND $contact_ids AS id
MATCH (contact:Contact {id: id})-[:HAS_PROPERTY]->(p:Property) USING INDEX SEEK contact:Contact(id)
RETURN
  id AS contact,
  p.name AS name,
  p.value AS value,
  p.occurred_at.epochMillis * 1000 + p.occurred_at.microsecond % 1000 AS occurred,
  p.arrived_at.epochMillis * 1000 + p.arrived_at.microsecond % 1000 AS arrived,
  p.message_id AS source,
  p.merge AS fill,
  p.position AS position,
  elementId(p) AS element,
  p.shown AS shown
