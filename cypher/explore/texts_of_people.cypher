// name: explore.texts_of_people
// purpose: Read the values of the keys and of the shown properties of contacts.
// parameters: contact_ids
// columns: id, keys, properties
// access: read
UNWIND $contact_ids AS id
MATCH (c:Contact {id: id}) USING INDEX SEEK c:Contact(id)
RETURN
  id,
  COLLECT { MATCH (c)-[:OWNS]->(k:Key) RETURN k.value } AS keys,
  COLLECT { MATCH (c)-[:HAS_PROPERTY]->(p:Property {shown: true}) WHERE p.value IS NOT NULL RETURN p.value } AS properties
