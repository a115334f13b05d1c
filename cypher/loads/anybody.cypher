// name: loads.anybody
// purpose: Say whether the graph holds any contact.
// parameters: -
// columns: contacts
// access: read
MATCH (c:Contact)
WITH count(c) AS contacts
WHERE contacts > 0
RETURN contacts
