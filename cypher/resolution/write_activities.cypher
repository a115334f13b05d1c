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
  period.last_at = datetime({epochSeconds: item.received[0], nanosecond: item.received[1]})
