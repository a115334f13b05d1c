// name: explore.kinds_of_contacts
// purpose: Count contacts by kind.
// parameters: -
// columns: kind, contacts
// access: read
MATCH (c:Contact)
RETURN c.kind AS kind, count(*) AS contacts
