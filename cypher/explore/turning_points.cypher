// name: explore.turning_points
// purpose: Read the events that changed who a contact is, not those that merely found it.
// parameters: contact_id
// columns: message_id, event, rule, outcome, limited, email, user_id, tracker_id, subscription, carried, received, occurred
// access: read
MATCH (contact:Contact {id: $contact_id})-[:HAS]->(:Timeline)<-[:ON]-(a:Activity) USING INDEX SEEK contact:Contact(id)
WHERE a.outcome <> 'found' OR a.limited
RETURN
  a.message_id AS message_id,
  a.event AS event,
  a.rule AS rule,
  a.outcome AS outcome,
  coalesce(a.limited, false) AS limited,
  a.email AS email,
  a.user_id AS user_id,
  a.tracker_id AS tracker_id,
  a.subscription AS subscription,
  COLLECT { MATCH (a)-[:CARRIED]->(k:Key) RETURN [k.namespace, k.value] ORDER BY k.namespace, k.value } AS carried,
  a.received_at.epochMillis * 1000 + a.received_at.microsecond % 1000 AS received,
  a.occurred_at.epochMillis * 1000 + a.occurred_at.microsecond % 1000 AS occurred
