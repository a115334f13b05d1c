// name: explore.activity_days
// purpose: Count a contact's activity, on one tracker or on all, by day since 1970 and by event.
// parameters: contact_id, tracker_id
// columns: day, event, activities
// access: read
MATCH (contact:Contact {id: $contact_id})-[:HAS]->(period:Timeline) USING INDEX SEEK contact:Contact(id)
MATCH (period)-[:OF|WAS_OF]->(tracker:Tracker)
WHERE $tracker_id IS NULL OR tracker.value = $tracker_id
MATCH (a:Activity)-[:ON]->(period)
RETURN a.occurred_at.epochSeconds / 86400 AS day, a.event AS event, count(*) AS activities
ORDER BY day, event
