// name: privacy.keys
// purpose: Tell, under locks, which keys the erased had, and which of them are nobody else's and therefore go.
// parameters: erasure, persons
// columns: namespace, value, doomed
// access: write
MATCH (erasure:Erasure {id: $erasure})-[:CLEARS]->(k) USING INDEX SEEK erasure:Erasure(id)
WITH k ORDER BY k.namespace, k.value
REMOVE k._lock
WITH k
RETURN
  k.namespace AS namespace,
  k.value AS value,
  NOT EXISTS { MATCH (k)<-[:OWNS]-(:Contact) }
    AND (k.namespace IN $persons OR NOT EXISTS { MATCH (k)<-[:OF|WAS_OF|MOVED|ON|TOOK]-() }) AS doomed
ORDER BY namespace, value
