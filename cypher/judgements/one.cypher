// name: judgements.one
// purpose: Read one judgement.
// parameters: id
// columns: id, verdict, contacts, key, why, by, at
// access: read
MATCH (judgement:Judgement {id: $id}) USING INDEX SEEK judgement:Judgement(id)
RETURN
  judgement.id AS id,
  judgement.verdict AS verdict,
  COLLECT {
    MATCH (judgement)-[judges:JUDGES]->(judged)
    MATCH (judged)-[:TO*0..]->(living:Contact)
    RETURN [judges.side, living.id]
  } AS contacts,
  head(COLLECT { MATCH (judgement)-[:ON]->(k:Key) RETURN [k.namespace, k.value] }) AS key,
  judgement.why AS why,
  judgement.by AS by,
  judgement.at.epochMillis * 1000 + judgement.at.microsecond % 1000 AS at
