// name: namespaces.declare
// purpose: Declare the namespaces of this graph, in place of those of before.
// parameters: namespaces
// columns: -
// access: write
CALL () {
  MATCH (n:Namespace)
  WHERE NOT n.name IN [one IN $namespaces | one.name]
  DELETE n
}
CALL () {
  MATCH (h:Hashing)
  WHERE NOT h.name IN [one IN $namespaces | one.name]
  DELETE h
}
CALL () {
  UNWIND $namespaces AS row
  MERGE (n:Namespace {name: row.name})
  SET n = row
}
