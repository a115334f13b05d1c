// name: privacy.holders
// purpose: Give the ids of those whom an erasure has not forgotten yet, and what it counted so far; under its lock.
// parameters: erasure
// columns: ids, counts
// access: write
MATCH (erasure:Erasure {id: $erasure}) USING INDEX SEEK erasure:Erasure(id)
REMOVE erasure._lock
WITH erasure
WHERE erasure.pending
RETURN
  COLLECT { MATCH (erasure)-[:ERASES]->(holder:Erased) RETURN holder.id } AS ids,
  properties(erasure) AS counts
