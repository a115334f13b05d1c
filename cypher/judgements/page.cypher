// name: judgements.page
// purpose: List judgements, newest first, after the place where the last page ended; about one contact where it is named.
// parameters: contact_id, before, before_id, limit
// columns: id, verdict, contacts, key, why, by, at
// access: read
CALL () {
  MATCH (judgement:Judgement) USING INDEX SEEK judgement:Judgement(at)
  WHERE $contact_id IS NULL AND judgement.at <= $before AND (judgement.at < $before OR judgement.id < $before_id)
  RETURN judgement
  UNION
  MATCH (c:Contact {id: $contact_id})<-[:TO*0..]-(holder)<-[:JUDGES]-(judgement:Judgement)
    USING INDEX SEEK c:Contact(id)
  WHERE judgement.at <= $before AND (judgement.at < $before OR judgement.id < $before_id)
  RETURN judgement
}
WITH DISTINCT judgement
ORDER BY judgement.at DESC, judgement.id DESC
LIMIT $limit
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
ORDER BY at DESC, id DESC
