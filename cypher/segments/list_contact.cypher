// name: segments.list_contact
// purpose: Put a contact on a static segment's list.
// parameters: name, contact_id
// columns: -
// access: write
MATCH (s:Segment {name: $name}) USING INDEX SEEK s:Segment(name)
MATCH (c:Contact {id: $contact_id}) USING INDEX SEEK c:Contact(id)
MERGE (c)-[:LISTED_IN]->(s)
