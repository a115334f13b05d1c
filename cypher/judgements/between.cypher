// name: judgements.between
// purpose: Find the judgements that keep two living contacts, or a living contact and a key, apart; the earliest first.
// parameters: contact_id, other_id, namespace, value
// columns: id
// access: read
MATCH (c:Contact {id: $contact_id})<-[:TO*0..]-(holder)<-[mine:JUDGES]-(judgement:Judgement)
  USING INDEX SEEK c:Contact(id)
WHERE EXISTS {
    MATCH (judgement)-[theirs:JUDGES]->(other)-[:TO*0..]->(:Contact {id: $other_id})
    WHERE mine.side <> theirs.side
  }
  OR EXISTS { MATCH (judgement)-[:ON]->({namespace: $namespace, value: $value}) }
WITH DISTINCT judgement
ORDER BY judgement.at, judgement.id
RETURN judgement.id AS id
