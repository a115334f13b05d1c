// name: judgements.of_contacts
// purpose: Read with whom, and from which keys, some contacts are kept apart, whichever id the judgement was made of.
// parameters: contact_ids
// columns: contact, apart, barred
// access: read
// plan: kept
UNWIND $contact_ids AS id
MATCH (c:Contact {id: id}) USING INDEX SEEK c:Contact(id)
RETURN
  c.id AS contact,
  COLLECT {
    MATCH (c)<-[:TO*0..]-(holder)<-[mine:JUDGES]-(judgement:Judgement)-[theirs:JUDGES]->(other)
    WHERE mine.side <> theirs.side
    MATCH (other)-[:TO*0..]->(living:Contact)
    WHERE living <> c
    RETURN DISTINCT living.id
  } AS apart,
  COLLECT {
    MATCH (c)<-[:TO*0..]-(holder)<-[:JUDGES]-(:Judgement)-[:ON]->(k:Key)
    RETURN DISTINCT [k.namespace, k.value]
  } AS barred
