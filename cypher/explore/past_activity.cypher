// name: explore.past_activity
// purpose: Tell when the first and the last event happened that had arrived on some periods by a time, and when the last arrived.
// parameters: periods, at
// columns: first, last, seen
// access: read
UNWIND $periods AS id
MATCH (a:Activity)-[:ON]->(period:Timeline {id: id}) USING INDEX SEEK period:Timeline(id)
WHERE a.received_at <= $at
WITH min(a.occurred_at) AS earliest, max(a.occurred_at) AS latest, max(a.received_at) AS arrived
RETURN
  earliest.epochMillis * 1000 + earliest.microsecond % 1000 AS first,
  latest.epochMillis * 1000 + latest.microsecond % 1000 AS last,
  arrived.epochMillis * 1000 + arrived.microsecond % 1000 AS seen
