// name: privacy.export_propositions
// purpose: Read what was proposed to some contacts, oldest first, with what became of it.
// parameters: contact_ids
// columns: contact, id, at, environment, space, asked, identification, fell_back, names, values, offers
// access: read
MATCH (c:Contact) USING INDEX SEEK c:Contact(id)
WHERE c.id IN $contact_ids
MATCH (c)-[:HAS]->(:Timeline)<-[on:PROPOSED_ON]-(p:Proposition)
OPTIONAL MATCH (p)-[:ANSWERED_BY]->(answering:Space)
OPTIONAL MATCH (p)-[:ASKED_AT]->(asked:Space)
WITH c, on, p, answering, asked, on.at.epochMillis * 1000 + on.at.microsecond % 1000 AS at
RETURN
  c.id AS contact,
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
ORDER BY at, id
