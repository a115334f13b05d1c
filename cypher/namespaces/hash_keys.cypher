// name: namespaces.hash_keys
// purpose: Give whoever owns some keys the hashes of them, as a key that came with them: with the same edges, and in the journal of the unions that moved them; a hash that somebody owns stays where it is.
// parameters: source, name, label, rows
// columns: -
// access: write
UNWIND $rows AS row
MATCH (k:Key {namespace: $source, value: row[0]}) USING INDEX SEEK k:Key(namespace, value)
// Removing a property that is never there takes the node's lock and changes nothing.
REMOVE k._lock
WITH k, row
WHERE EXISTS { (k)<-[:OWNS]-(:Contact) }
MERGE (h:Key {namespace: $name, value: row[1]})
  ON CREATE SET h:$($label)
REMOVE h._lock
WITH k, h
WHERE NOT EXISTS { (h)<-[:OWNS]-() }
CALL (k, h) {
  MATCH (k)<-[o:OWNS]-(c:Contact)
  CREATE (c)-[d:OWNS]->(h)
  SET d = properties(o), d.derived = true
}
CALL (k, h) {
  MATCH (k)<-[m:MOVED]-(merge:Merge)
  CREATE (merge)-[d:MOVED]->(h)
  SET d = properties(m), d.derived = true
}
