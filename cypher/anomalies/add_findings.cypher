// name: anomalies.add_findings
// purpose: Store findings of a run, each tied to the contacts and keys that it names.
// parameters: findings
// columns: -
// access: write
UNWIND $findings AS row
CREATE (f:Finding)
SET f = row.node
WITH f, row
CALL (f, row) {
  UNWIND row.contacts AS id
  MATCH (c:Contact {id: id}) USING INDEX SEEK c:Contact(id)
  CREATE (f)-[:ABOUT]->(c)
}
CALL (f, row) {
  UNWIND row.keys AS key
  MATCH (k:Key {namespace: key[0], value: key[1]}) USING INDEX SEEK k:Key(namespace, value)
  CREATE (f)-[:ABOUT]->(k)
}
