// name: privacy.begin
// purpose: Make a contact, and all that were folded into it, unreachable: only tombstones answer to their ids from now on.
// parameters: contact_id, erasure, at
// columns: ids, keys, activities
// access: write
MATCH (c:Contact {id: $contact_id}) USING INDEX SEEK c:Contact(id)
WITH
  COLLECT { MATCH (c)<-[:TO*0..]-(holder) RETURN DISTINCT holder } AS holders,
  COLLECT { MATCH (c)-[:OWNS]->(k) RETURN k } AS owned,
  COLLECT {
    MATCH (c)<-[:TO*0..]-(holder)
    CALL (holder) {
      MATCH (holder)-[:OWNS]->(k)
      RETURN k
      UNION
      MATCH (holder)-[:HAS]->(:Timeline)-[:OF|WAS_OF]->(k)
      RETURN k
      UNION
      MATCH (holder)<-[:FOLDED|INTO]-(:Merge)-[:MOVED]->(k)
      RETURN k
      UNION
      MATCH (holder)<-[:BETWEEN|MADE]-(:Split)-[:ON]->(k)
      RETURN k
    }
    RETURN DISTINCT k
  } AS tied,
  COUNT { MATCH (c)-[:HAS]->(:Timeline)<-[:ON]-(:Activity) } AS activities
CREATE (erasure:Erasure {id: $erasure, at: $at, pending: true})
FOREACH (holder IN holders |
  CREATE (erasure)-[:ERASES]->(holder)
  CREATE (:Tombstone {id: holder.id, what: 'contact', receipt: $erasure, at: $at})
  REMOVE holder:Contact:Redirect
  SET holder:Erased)
FOREACH (k IN tied | CREATE (erasure)-[:CLEARS]->(k))
WITH holders, owned, activities
CALL (holders) {
  UNWIND holders AS holder
  MATCH (holder)-[o:OWNS]->()
  DELETE o
}
RETURN
  [holder IN holders | holder.id] AS ids,
  [k IN owned | [head(labels(k)), k.value]] AS keys,
  activities
