// name: explore.keys_beginning
// purpose: List owned keys whose values begin so, each namespace in the order of its values.
// parameters: beginnings, limit
// columns: namespace, value, contacts
// access: read
UNWIND $beginnings AS wanted
CALL (wanted) {
  MATCH (k:Key) USING INDEX SEEK k:Key(namespace, value)
  WHERE k.namespace = wanted[0] AND k.value STARTS WITH wanted[1] AND EXISTS { (k)<-[:OWNS]-(:Contact) }
  WITH k ORDER BY k.value LIMIT $limit
  RETURN k
}
RETURN
  k.namespace AS namespace,
  k.value AS value,
  COUNT { (k)<-[:OWNS]-(:Contact) } AS contacts
