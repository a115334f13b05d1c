// name: loads.owners
// purpose: Say who owns keys, without locks: the events that one contact's keys come with are kept in order.
// parameters: keys
// columns: name, value, owner
// access: read
UNWIND $keys AS wanted
MATCH (k:Key {namespace: wanted[0], value: wanted[1]})<-[:OWNS]-(c:Contact) USING INDEX SEEK k:Key(namespace, value)
RETURN k.namespace AS name, k.value AS value, c.id AS owner
