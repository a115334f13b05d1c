// name: privacy.keys
// purpose: Tell, under locks, which keys the erased had, and which of them are nobody else's and therefore go.
// parameters: erasure
// columns: label, value, doomed
// access: write
MATCH (erasure:Erasure {id: $erasure})-[:CLEARS]->(k) USING INDEX SEEK erasure:Erasure(id)
WITH k ORDER BY head(labels(k)), k.value
REMOVE k._lock
WITH k
RETURN
  head(labels(k)) AS label,
  k.value AS value,
  NOT EXISTS { MATCH (k)<-[:OWNS]-(:Contact) }
    AND (k:Email OR k:UserId OR NOT EXISTS { MATCH (k)<-[:OF|WAS_OF|MOVED|ON]-() }) AS doomed
ORDER BY label, value
