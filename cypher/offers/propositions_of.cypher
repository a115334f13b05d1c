// name: offers.propositions_of
// purpose: Read one page of what was proposed to a contact, newest first, after the place where the last page ended.
// parameters: contact_id, at, id, limit
// columns: id, at, environment, space, asked, identification, fell_back, names, values, offers
// access: read
MATCH (c:Contact {id: $contact_id})-[:HAS]->(:Timeline)<-[on:PROPOSED_ON]-(p:Proposition) USING INDEX SEEK c:Contact(id)
WITH p, on, on.at.epochMillis * 1000 + on.at.microsecond % 1000 AS at
WHERE $at IS NULL OR at < $at OR (at = $at AND p.message_id < $id)
ORDER BY at DESC, p.message_id DESC
LIMIT $limit
OPTIONAL MATCH (p)-[:ANSWERED_BY]->(answering:Space)
OPTIONAL MATCH (p)-[:ASKED_AT]->(asked:Space)
RETURN
  p.message_id AS id,
  at,
  on.environment AS environment,
  coalesce(answering.name, asked.name) AS space,
  asked.environment + '/' + asked.name AS asked,
  p.identification AS identification,
  p.fell_back AS fell_back,
  coalesce(p.property_names, []) AS names,
  coalesce(p.property_values, []) AS values,
  COLLECT {
    MATCH (p)-[proposed:PROPOSED]->(o:Offer)
    RETURN [
      proposed.position,
      o.name,
      proposed.weight,
      proposed.outcome,
      proposed.outcome_at.epochMillis * 1000 + proposed.outcome_at.microsecond % 1000,
      proposed.presented_at.epochMillis * 1000 + proposed.presented_at.microsecond % 1000,
      proposed.clicked_at.epochMillis * 1000 + proposed.clicked_at.microsecond % 1000
    ]
  } AS offers
