// name: privacy.clear_journal
// purpose: Delete the journal of those who are being erased: unions, conflicts, keys by hand; a union's id leaves a tombstone.
// parameters: erasure, at
// columns: unions, splits, key_changes
// access: write
MATCH (erasure:Erasure {id: $erasure}) USING INDEX SEEK erasure:Erasure(id)
WITH
  erasure,
  COLLECT { MATCH (erasure)-[:ERASES]->(:Erased)<-[:FOLDED|INTO]-(m:Merge) RETURN DISTINCT m } AS merges,
  COLLECT { MATCH (erasure)-[:ERASES]->(:Erased)<-[:BETWEEN|MADE]-(s:Split) RETURN DISTINCT s } AS conflicts,
  COLLECT { MATCH (erasure)-[:ERASES]->(:Erased)<-[:BY_HAND_ON|BEFELL]-(k:KeyChange) RETURN DISTINCT k } AS changes,
  COLLECT { MATCH (erasure)-[:ERASES]->(:Erased)-[:LOST_NAME]->(l:NameLoss) RETURN DISTINCT l } AS losses
CALL (erasure, changes) {
  UNWIND changes AS change
  MERGE (k:Key {namespace: change.key, value: change.value})
  MERGE (erasure)-[:CLEARS]->(k)
}
WITH merges, conflicts, changes, losses, size(merges) AS unions, size(conflicts) AS splits, size(changes) AS key_changes
FOREACH (m IN merges |
  CREATE (:Tombstone {id: m.id, what: 'union', receipt: $erasure, at: $at})
  DETACH DELETE m)
FOREACH (s IN conflicts | DETACH DELETE s)
FOREACH (k IN changes | DETACH DELETE k)
FOREACH (loss IN losses | DETACH DELETE loss)
RETURN unions, splits, key_changes
