// name: judgements.add
// purpose: Keep two contacts, or a contact and a key, apart; whoever is judged is marked, so that events look for it.
// parameters: judgement, contacts, keys
// columns: -
// access: write
CREATE (judgement:Judgement)
SET judgement = $judgement
WITH judgement
CALL (judgement) {
  UNWIND range(0, size($contacts) - 1) AS side
  MATCH (c:Contact {id: $contacts[side]}) USING INDEX SEEK c:Contact(id)
  SET c.judged = true
  CREATE (judgement)-[:JUDGES {side: side}]->(c)
}
CALL (judgement) {
  UNWIND $keys AS key
  MERGE (k:Key {namespace: key.namespace, value: key.value})
    ON CREATE SET k:$(key.label)
  CREATE (judgement)-[:ON]->(k)
}
