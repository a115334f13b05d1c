// name: segments.unlist_contact
// purpose: Take a contact off a static segment's list, under the contact's lock.
// parameters: name, contact_id
// columns: contact
// access: write
MATCH (c:Contact {id: $contact_id}) USING INDEX SEEK c:Contact(id)
REMOVE c._lock
WITH c WHERE c:Contact
CALL (c) {
  MATCH (c)-[listed:LISTED_IN]->(s:Segment)
  WHERE s.name = $name
  DELETE listed
}
RETURN c.id AS contact
