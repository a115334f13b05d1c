// name: explore.activity
// purpose: Read one page of a contact's activity, on one tracker or on all, of one event or of all, in a time, newest first and of one moment the last that arrived, after the place where the last page ended.
// parameters: contact_id, tracker_id, event, since, until, occurred, received, message_id, limit
// columns: message_id, event, names, values, tracker_id, occurred, said, received, rule, outcome, limited, trace
// access: read
MATCH (contact:Contact {id: $contact_id})-[:HAS]->(period:Timeline) USING INDEX SEEK contact:Contact(id)
MATCH (period)-[:OF|WAS_OF]->(tracker:Tracker)
WHERE $tracker_id IS NULL OR tracker.value = $tracker_id
MATCH (a:Activity)-[:ON]->(period)
WHERE ($event IS NULL OR a.event = $event)
  AND ($since IS NULL OR a.occurred_at >= $since)
  AND ($until IS NULL OR a.occurred_at < $until)
// The times are made numbers of the page that is left, and of all only behind a cursor: a history may be long.
WITH a, tracker
WHERE $occurred IS NULL
  OR a.occurred_at.epochMillis * 1000 + a.occurred_at.microsecond % 1000 < $occurred
  OR (a.occurred_at.epochMillis * 1000 + a.occurred_at.microsecond % 1000 = $occurred AND (
    a.received_at.epochMillis * 1000 + a.received_at.microsecond % 1000 < $received
    OR (a.received_at.epochMillis * 1000 + a.received_at.microsecond % 1000 = $received AND a.message_id < $message_id)
  ))
ORDER BY a.occurred_at DESC, a.received_at DESC, a.message_id DESC
LIMIT $limit
WITH
  a,
  tracker,
  a.occurred_at.epochMillis * 1000 + a.occurred_at.microsecond % 1000 AS occurred,
  a.received_at.epochMillis * 1000 + a.received_at.microsecond % 1000 AS received
RETURN
  a.message_id AS message_id,
  a.event AS event,
  coalesce(a.property_names, []) AS names,
  coalesce(a.property_values, []) AS values,
  tracker.value AS tracker_id,
  occurred,
  a.said_at.epochMillis * 1000 + a.said_at.microsecond % 1000 AS said,
  received,
  a.rule AS rule,
  a.outcome AS outcome,
  coalesce(a.limited, false) AS limited,
  a.trace AS trace
ORDER BY occurred DESC, received DESC, message_id DESC
