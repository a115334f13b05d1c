// name: segments.unlist_contact
// purpose: Take a contact off a static segment's list.
// parameters: name, contact_id
// columns: -
// access: write
MATCH (:Contact {id: $contact_id})-[listed:LISTED_IN]->(:Segment {name: $name})
DELETE listed
