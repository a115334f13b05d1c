// name: privacy.finish
// purpose: Forget the last of those who were erased: what is left is tombstones and counts.
// parameters: erasure, at
// columns: -
// access: write
MATCH (erasure:Erasure {id: $erasure}) USING INDEX SEEK erasure:Erasure(id)
WITH
  erasure,
  COLLECT { MATCH (erasure)-[:ERASES]->(holder:Erased) RETURN holder } AS holders,
  COLLECT { MATCH (erasure)-[cleared:CLEARS]->() RETURN cleared } AS edges
FOREACH (cleared IN edges | DELETE cleared)
FOREACH (holder IN holders | DETACH DELETE holder)
SET erasure.done_at = $at
REMOVE erasure.pending
