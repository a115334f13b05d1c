// name: segments.list_contact
// purpose: Put a contact on a static segment's list, under the contact's lock.
// parameters: name, contact_id
// columns: contact
// access: write
MATCH (s:Segment {name: $name}) USING INDEX SEEK s:Segment(name)
MATCH (c:Contact {id: $contact_id}) USING INDEX SEEK c:Contact(id)
REMOVE c._lock
WITH c, s WHERE c:Contact
MERGE (c)-[:LISTED_IN]->(s)
RETURN c.id AS contact
