// name: splits.note_block
// purpose: Note that the key around which a contact was split was blocked by that act.
// parameters: id
// columns: -
// access: write
MATCH (separation:Separation {id: $id}) USING INDEX SEEK separation:Separation(id)
SET separation.blocked = true
