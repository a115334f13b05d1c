// name: explore.living
// purpose: Find the contact that an id leads to, through any number of unions.
// parameters: contact_id
// columns: id
// access: read
CALL () {
  MATCH (c:Contact {id: $contact_id}) USING INDEX SEEK c:Contact(id)
  RETURN c
  UNION
  MATCH (redirect:Redirect {id: $contact_id})-[:TO*]->(c:Contact) USING INDEX SEEK redirect:Redirect(id)
  RETURN c
}
RETURN c.id AS id
