// name: segments.unlist_contact
// purpose: Take a contact off a static segment's list, under the contact's lock; tell whether it was there.
// parameters: name, contact_id
// columns: contact, changed
// access: write
MATCH (c:Contact {id: $contact_id}) USING INDEX SEEK c:Contact(id)
REMOVE c._lock
WITH c WHERE c:Contact
CALL (c) {
  MATCH (c)-[listed:LISTED_IN]->(s:Segment)
  WHERE s.name = $name
  DELETE listed
  RETURN count(*) AS dropped
}
RETURN c.id AS contact, dropped > 0 AS changed
