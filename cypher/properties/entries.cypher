// name: properties.entries
// purpose: Read every property entry of some contacts.
// parameters: contact_ids
// columns: contact, name, value, occurred, arrived, source, fill, element, shown
// access: read
UNWIND $contact_ids AS id
MATCH (contact:Contact {id: id})-[:HAS_PROPERTY]->(p:Property) USING INDEX contact:Contact(id)
RETURN
  id AS contact,
  p.name AS name,
  p.value AS value,
  p.occurred_at.epochSeconds * 1000000 + p.occurred_at.microsecond AS occurred,
  p.arrived_at.epochSeconds * 1000000 + p.arrived_at.microsecond AS arrived,
  p.message_id AS source,
  p.merge AS fill,
  elementId(p) AS element,
  p.shown AS shown
