// name: splits.strays
// purpose: Tell how much activity on some periods carried a person key of each part, and when the rest of it arrived last.
// parameters: periods, parts
// columns: period, tracker, moved, rest
// access: read
UNWIND $periods AS id
MATCH (period:Timeline {id: id})-[:OF|WAS_OF]->(tracker:Tracker) USING INDEX SEEK period:Timeline(id)
CALL (period) {
  MATCH (a:Activity)-[:ON]->(period)
  WITH a, COLLECT { MATCH (a)-[:CARRIED]->(k:Key) RETURN [k.namespace, k.value] } AS carried
  WITH
    a.received_at.epochMillis * 1000 + a.received_at.microsecond % 1000 AS received,
    // insert: splits.part_of
    AS part
  WITH part, count(*) AS number, min(received) AS first, max(received) AS last
  RETURN collect({part: part, count: number, first: first, last: last}) AS found
}
RETURN
  period.id AS period,
  tracker.value AS tracker,
  [one IN found WHERE one.part IS NOT NULL] AS moved,
  head([one IN found WHERE one.part IS NULL | one.last]) AS rest
