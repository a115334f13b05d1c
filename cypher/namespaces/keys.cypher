// name: namespaces.keys
// purpose: Count the keys of some namespaces.
// parameters: names
// columns: name, keys
// access: read
UNWIND $names AS name
CALL (name) {
  MATCH (k:Key) USING INDEX k:Key(namespace, value)
  WHERE k.namespace = name AND k.value IS NOT NULL
  RETURN count(k) AS keys
}
RETURN name, keys
