// name: union.note_key_change
// purpose: Note in the journal that a key was given or taken by hand.
// parameters: contact_id, change
// columns: -
// access: write
MATCH (c:Contact {id: $contact_id}) USING INDEX SEEK c:Contact(id)
CREATE (change:KeyChange)-[:BY_HAND_ON]->(c)
SET change = $change
