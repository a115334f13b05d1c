// name: explore.judgements
// purpose: Read the judgements that keep somebody or something apart from a contact, and from those folded into it.
// parameters: contact_id
// columns: id, contact, other, key, why, at
// access: read
MATCH (contact:Contact {id: $contact_id})<-[:TO*0..]-(holder) USING INDEX SEEK contact:Contact(id)
MATCH (holder)<-[mine:JUDGES]-(judgement:Judgement)
RETURN
  judgement.id AS id,
  holder.id AS contact,
  head(COLLECT { MATCH (judgement)-[theirs:JUDGES]->(other) WHERE theirs.side <> mine.side RETURN other.id }) AS other,
  head(COLLECT { MATCH (judgement)-[:ON]->(k:Key) RETURN [k.namespace, k.value] }) AS key,
  judgement.why AS why,
  judgement.at.epochMillis * 1000 + judgement.at.microsecond % 1000 AS at
