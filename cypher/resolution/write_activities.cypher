// name: resolution.write_activities
// purpose: Note activity on periods of ownership that are in the graph, ahead of the rest of a large batch.
// parameters: activities
// columns: -
// access: write
// plan: kept
UNWIND $activities AS item
MATCH (period:Timeline {id: item.period}) USING INDEX SEEK period:Timeline(id)
CREATE (a:Activity)-[:ON]->(period)
SET a = item.node,
  a.occurred_at = datetime({epochSeconds: item.occurred[0], nanosecond: item.occurred[1]}),
  a.received_at = datetime({epochSeconds: item.received[0], nanosecond: item.received[1]}),
  period.first_occurred_at = CASE
    WHEN period.first_occurred_at IS NULL AND period.last_at IS NOT NULL THEN null
    WHEN period.first_occurred_at <= datetime({epochSeconds: item.occurred[0], nanosecond: item.occurred[1]}) THEN period.first_occurred_at
    ELSE datetime({epochSeconds: item.occurred[0], nanosecond: item.occurred[1]}) END,
  period.last_occurred_at = CASE
    WHEN period.last_occurred_at IS NULL AND period.last_at IS NOT NULL THEN null
    WHEN period.last_occurred_at >= datetime({epochSeconds: item.occurred[0], nanosecond: item.occurred[1]}) THEN period.last_occurred_at
    ELSE datetime({epochSeconds: item.occurred[0], nanosecond: item.occurred[1]}) END,
  period.last_at = datetime({epochSeconds: item.received[0], nanosecond: item.received[1]})
