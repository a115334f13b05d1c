// name: resolution.write_activities
// purpose: Note activity on periods of ownership that are in the graph, ahead of the rest of a large batch.
// parameters: activities
// columns: -
// access: write
// plan: kept
UNWIND $activities AS row
MATCH (period:Timeline {id: row.period}) USING INDEX SEEK period:Timeline(id)
WITH
  row,
  period,
  datetime({epochSeconds: row.first[0], nanosecond: row.first[1]}) AS first,
  datetime({epochSeconds: row.latest[0], nanosecond: row.latest[1]}) AS latest
SET period.first_occurred_at = CASE
    WHEN period.first_occurred_at IS NULL AND period.last_at IS NOT NULL THEN null
    WHEN period.first_occurred_at <= first THEN period.first_occurred_at
    ELSE first END,
  period.last_occurred_at = CASE
    WHEN period.last_occurred_at IS NULL AND period.last_at IS NOT NULL THEN null
    WHEN period.last_occurred_at >= latest THEN period.last_occurred_at
    ELSE latest END,
  period.last_at = datetime({epochSeconds: row.last[0], nanosecond: row.last[1]})
FOREACH (item IN row.activities |
  CREATE (a:Activity)-[:ON]->(period)
  SET a = item.node,
    a.occurred_at = datetime({epochSeconds: item.occurred[0], nanosecond: item.occurred[1]}),
    a.received_at = datetime({epochSeconds: item.received[0], nanosecond: item.received[1]}))
