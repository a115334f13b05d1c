// name: privacy.clear_journal
// purpose: Delete the journal of those who are being erased: unions, conflicts, keys by hand, judgements, acts of splitting; a union's or a split's id leaves a tombstone.
// parameters: erasure, at
// columns: unions, splits, key_changes, judgements, separations
// access: write
MATCH (erasure:Erasure {id: $erasure}) USING INDEX SEEK erasure:Erasure(id)
WITH
  erasure,
  COLLECT { MATCH (erasure)-[:ERASES]->(:Erased)<-[:FOLDED|INTO]-(m:Merge) RETURN DISTINCT m } AS merges,
  COLLECT { MATCH (erasure)-[:ERASES]->(:Erased)<-[:BETWEEN|MADE]-(s:Split) RETURN DISTINCT s } AS conflicts,
  COLLECT { MATCH (erasure)-[:ERASES]->(:Erased)<-[:BY_HAND_ON|BEFELL]-(k:KeyChange) RETURN DISTINCT k } AS changes,
  COLLECT { MATCH (erasure)-[:ERASES]->(:Erased)-[:LOST_NAME]->(l:NameLoss) RETURN DISTINCT l } AS losses,
  COLLECT { MATCH (erasure)-[:ERASES]->(:Erased)<-[:JUDGES]-(j:Judgement) RETURN DISTINCT j } AS judged,
  COLLECT { MATCH (erasure)-[:ERASES]->(:Erased)<-[:OF|MADE]-(s:Separation) RETURN DISTINCT s } AS separated
CALL (erasure, changes) {
  UNWIND changes AS change
  MERGE (k:Key {namespace: change.key, value: change.value})
  MERGE (erasure)-[:CLEARS]->(k)
}
CALL (erasure, judged) {
  UNWIND judged AS judgement
  MATCH (judgement)-[:ON]->(k:Key)
  MERGE (erasure)-[:CLEARS]->(k)
}
CALL (erasure) {
  MATCH (erasure)-[:ERASES]->(:Erased)<-[:PAIRS]-(s:Suggestion)
  DETACH DELETE s
}
CALL (erasure, separated) {
  UNWIND separated AS separation
  MATCH (separation)-[:TOOK]->(k:Key)
  MERGE (erasure)-[:CLEARS]->(k)
}
CALL (separated) {
  UNWIND separated AS separation
  MATCH (separation)-[:KEEPS]->(p:Property)
  DETACH DELETE p
}
WITH
  merges,
  conflicts,
  changes,
  losses,
  judged,
  separated,
  size(merges) AS unions,
  size(conflicts) AS splits,
  size(changes) AS key_changes,
  size(judged) AS judgements,
  size(separated) AS separations
FOREACH (m IN merges |
  CREATE (:Tombstone {id: m.id, what: 'union', receipt: $erasure, at: $at})
  DETACH DELETE m)
FOREACH (s IN conflicts | DETACH DELETE s)
FOREACH (k IN changes | DETACH DELETE k)
FOREACH (loss IN losses | DETACH DELETE loss)
FOREACH (judgement IN judged | DETACH DELETE judgement)
FOREACH (s IN separated |
  CREATE (:Tombstone {id: s.id, what: 'split', receipt: $erasure, at: $at})
  DETACH DELETE s)
RETURN unions, splits, key_changes, judgements, separations
