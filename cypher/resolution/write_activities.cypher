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
  datetime.fromEpoch(row.first[0], row.first[1]) AS first,
  datetime.fromEpoch(row.latest[0], row.latest[1]) AS latest
SET period.first_occurred_at = CASE
    WHEN period.first_occurred_at IS NULL AND period.last_at IS NOT NULL THEN null
    WHEN period.first_occurred_at <= first THEN period.first_occurred_at
    ELSE first END,
  period.last_occurred_at = CASE
    WHEN period.last_occurred_at IS NULL AND period.last_at IS NOT NULL THEN null
    WHEN period.last_occurred_at >= latest THEN period.last_occurred_at
    ELSE latest END,
  period.last_at = datetime.fromEpoch(row.last[0], row.last[1])
FOREACH (item IN row.activities |
  CREATE (a:Activity)-[:ON]->(period)
  SET a = item.node,
    a.occurred_at = datetime.fromEpoch(item.occurred[0], item.occurred[1]),
    a.received_at = datetime.fromEpoch(item.received[0], item.received[1]))
