// name: offers.proposition
// purpose: Tell whether an id is that of a proposition.
// parameters: id
// columns: id
// access: read
MATCH (p:Activity {message_id: $id}) USING INDEX SEEK p:Activity(message_id)
WHERE p:Proposition
RETURN p.message_id AS id
