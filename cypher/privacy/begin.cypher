// name: privacy.begin
// purpose: Make some contacts, and all that were folded into them, unreachable: only tombstones answer to their ids from now on.
// parameters: contact_ids, erasure, at
// columns: ids, keys, activities
// access: write
MATCH (c:Contact) USING INDEX SEEK c:Contact(id)
WHERE c.id IN $contact_ids
WITH collect(c) AS living
WHERE size(living) = size($contact_ids)
WITH
  COLLECT { UNWIND living AS c MATCH (c)<-[:TO*0..]-(holder) RETURN DISTINCT holder } AS holders,
  COLLECT { UNWIND living AS c MATCH (c)-[:OWNS]->(k) RETURN k } AS owned,
  COLLECT {
    UNWIND living AS c
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
  COUNT { UNWIND living AS c MATCH (c)-[:HAS]->(:Timeline)<-[:ON]-(:Activity) } AS activities
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
CALL (holders) {
  // A tracker whose last period is on its way out must not have an open period without an owner.
  UNWIND holders AS holder
  MATCH (holder)-[:HAS]->(:Timeline)-[of:OF|WAS_OF]->(:Tracker)
  DELETE of
}
RETURN
  [holder IN holders | holder.id] AS ids,
  [k IN owned | [k.namespace, k.value]] AS keys,
  activities
