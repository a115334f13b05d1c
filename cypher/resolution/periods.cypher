// name: resolution.periods
// purpose: Begin, hand over and end periods of ownership of trackers.
// parameters: new, moved, ended
// columns: -
// access: write
CALL () {
  UNWIND $ended AS row
  MATCH (period:Timeline {id: row.id})-[of:OF]->(tracker:Tracker)
  CREATE (period)-[:WAS_OF]->(tracker)
  SET period.ended_at = row.ended_at
  DELETE of
}
CALL () {
  UNWIND $moved AS row
  MATCH (:Contact {id: row.from})-[has:HAS]->(period:Timeline {id: row.id})
  MATCH (c:Contact {id: row.to})
  CREATE (c)-[:HAS]->(period)
  DELETE has
}
CALL () {
  UNWIND $new AS row
  MATCH (c:Contact {id: row.contact})
  MATCH (tracker:Tracker {value: row.tracker})
  CREATE (c)-[:HAS]->(period:Timeline)
  SET period = row.period
  FOREACH (_ IN CASE WHEN row.open THEN [1] ELSE [] END | CREATE (period)-[:OF]->(tracker))
  FOREACH (_ IN CASE WHEN row.open THEN [] ELSE [1] END | CREATE (period)-[:WAS_OF]->(tracker))
  FOREACH (node IN row.activities | CREATE (a:Activity)-[:ON]->(period) SET a = node)
}
