// name: privacy.clear_keys
// purpose: Delete keys that nobody has any more, with what other journals say of them.
// parameters: keys, persons, changes
// columns: namespace, removed
// access: write
CALL () {
  UNWIND $changes AS row
  MATCH (change:KeyChange {value: row.value}) USING INDEX SEEK change:KeyChange(value)
  WHERE change.key = row.key
  DETACH DELETE change
}
CALL () {
  UNWIND $changes AS row
  MATCH (change:KeyChange {replaced_by: row.value}) USING INDEX SEEK change:KeyChange(replaced_by)
  REMOVE change.replaced_by
}
UNWIND $keys AS wanted
MATCH (k:Key {namespace: wanted[0], value: wanted[1]}) USING INDEX SEEK k:Key(namespace, value)
WHERE NOT EXISTS { MATCH (k)<-[:OWNS]-() }
  AND (k.namespace IN $persons OR NOT EXISTS { MATCH (k)<-[:OF|WAS_OF|MOVED|ON|TOOK]-(other) WHERE NOT other:Erasure })
WITH k, k.namespace AS namespace
DETACH DELETE k
RETURN namespace, count(*) AS removed
