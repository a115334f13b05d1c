// name: resolution.disown
// purpose: Take keys from contacts.
// parameters: keys
// columns: -
// access: write
// plan: kept
UNWIND $keys AS row
MATCH (k:Key {namespace: row.namespace, value: row.value}) USING INDEX SEEK k:Key(namespace, value)
MATCH (k)<-[o:OWNS]-(:Contact {id: row.contact})
DELETE o
