// name: privacy.export_activity
// purpose: Read one page of a contact's activity as it is kept, newest first and of one moment the last that arrived, after the place where the last page ended.
// parameters: contact_id, occurred, received, message_id, limit
// columns: message_id, event, names, values, stated_names, stated_values, tracker_id, occurred, said, received, rule, outcome, limited, trace, period, carried, further
// access: read
MATCH (contact:Contact {id: $contact_id})-[:HAS]->(period:Timeline) USING INDEX SEEK contact:Contact(id)
MATCH (period)-[:OF|WAS_OF]->(tracker:Tracker)
MATCH (a:Activity)-[:ON]->(period)
WITH
  a,
  tracker,
  period,
  a.occurred_at.epochMillis * 1000 + a.occurred_at.microsecond % 1000 AS occurred,
  a.received_at.epochMillis * 1000 + a.received_at.microsecond % 1000 AS received
WHERE $occurred IS NULL OR occurred < $occurred OR (occurred = $occurred AND (
  received < $received OR (received = $received AND a.message_id < $message_id)
))
ORDER BY occurred DESC, received DESC, a.message_id DESC
LIMIT $limit
RETURN
  a.message_id AS message_id,
  a.event AS event,
  coalesce(a.property_names, []) AS names,
  coalesce(a.property_values, []) AS values,
  coalesce(a.stated_names, []) AS stated_names,
  coalesce(a.stated_values, []) AS stated_values,
  tracker.value AS tracker_id,
  occurred,
  a.said_at.epochMillis * 1000 + a.said_at.microsecond % 1000 AS said,
  received,
  a.rule AS rule,
  a.outcome AS outcome,
  coalesce(a.limited, false) AS limited,
  a.trace AS trace,
  period.id AS period,
  {email: a.email, user_id: a.user_id, tracker_id: a.tracker_id, subscription: a.subscription} AS carried,
  COLLECT { MATCH (a)-[:CARRIED]->(k:Key) RETURN [k.namespace, k.value] ORDER BY k.namespace, k.value } AS further
