// name: namespaces.unhashed
// purpose: Read one page of the keys of a namespace, by value.
// parameters: source, after, limit
// columns: value
// access: read
MATCH (k:Key) USING INDEX k:Key(namespace, value)
WHERE k.namespace = $source AND k.value > $after
RETURN k.value AS value
ORDER BY k.value
LIMIT $limit
