// name: resolution.periods
// purpose: Begin, hand over and end periods of ownership of trackers.
// parameters: new, moved, ended
// columns: -
// access: write
// plan: kept
CALL () {
  UNWIND $ended AS row
  MATCH (period:Timeline {id: row.id})-[of:OF]->(tracker:Tracker) USING INDEX SEEK period:Timeline(id)
  CREATE (period)-[:WAS_OF]->(tracker)
  SET period.ended_at = datetime.fromEpoch(row.ended[0], row.ended[1])
  DELETE of
}
CALL () {
  UNWIND $moved AS row
  MATCH (:Contact {id: row.from})-[has:HAS]->(period:Timeline {id: row.id}) USING INDEX SEEK period:Timeline(id)
  MATCH (c:Contact {id: row.to}) USING INDEX SEEK c:Contact(id)
  CREATE (c)-[:HAS]->(period)
  DELETE has
}
CALL () {
  UNWIND $new AS row
  MATCH (c:Contact {id: row.contact}) USING INDEX SEEK c:Contact(id)
  MATCH (tracker:Key {namespace: 'tracker_id', value: row.tracker}) USING INDEX SEEK tracker:Key(namespace, value)
  CREATE (c)-[:HAS]->(period:Timeline {id: row.period})
  SET period.started_at = datetime.fromEpoch(row.started[0], row.started[1]),
    period.first_occurred_at = CASE WHEN row.first IS NOT NULL
      THEN datetime.fromEpoch(row.first[0], row.first[1]) END,
    period.last_occurred_at = CASE WHEN row.latest IS NOT NULL
      THEN datetime.fromEpoch(row.latest[0], row.latest[1]) END,
    period.last_at = CASE WHEN row.last IS NOT NULL
      THEN datetime.fromEpoch(row.last[0], row.last[1]) END,
    period.ended_at = CASE WHEN row.ended IS NOT NULL
      THEN datetime.fromEpoch(row.ended[0], row.ended[1]) END
  FOREACH (_ IN CASE WHEN row.open THEN [1] ELSE [] END | CREATE (period)-[:OF]->(tracker))
  FOREACH (_ IN CASE WHEN row.open THEN [] ELSE [1] END | CREATE (period)-[:WAS_OF]->(tracker))
  FOREACH (item IN row.activities |
    CREATE (a:Activity)-[:ON]->(period)
    SET a = item.node,
      a.occurred_at = datetime.fromEpoch(item.occurred[0], item.occurred[1]),
      a.received_at = datetime.fromEpoch(item.received[0], item.received[1]))
}
