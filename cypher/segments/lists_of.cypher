// name: segments.lists_of
// purpose: Tell which static segments list some contacts.
// parameters: contact_ids
// columns: contact, segment
// access: read
UNWIND $contact_ids AS id
MATCH (c:Contact {id: id})-[:LISTED_IN]->(s:Segment) USING INDEX SEEK c:Contact(id)
RETURN DISTINCT c.id AS contact, s.name AS segment
