// name: resolution.write
// purpose: Create contacts, give contacts keys that are new to the graph, and note activity.
// parameters: contacts, changes, activities
// columns: -
// access: write
CALL () {
  UNWIND $contacts AS row
  CREATE (c:Contact)
  SET c = row.node
  FOREACH (key IN row.emails | CREATE (c)-[o:OWNS]->(:Email {value: key.value}) SET o = key.edge)
  FOREACH (key IN row.user_ids | CREATE (c)-[o:OWNS]->(:UserId {value: key.value}) SET o = key.edge)
  FOREACH (key IN row.subscriptions | CREATE (c)-[o:OWNS]->(:Subscription {value: key.value}) SET o = key.edge)
  FOREACH (key IN row.trackers |
    CREATE (c)-[o:OWNS]->(tracker:Tracker {value: key.value}), (c)-[:HAS]->(period:Timeline)-[:OF]->(tracker)
    SET o = key.edge, period = key.period
    FOREACH (node IN key.activities | CREATE (a:Activity)-[:ON]->(period) SET a = node))
}
CALL () {
  UNWIND $changes AS row
  MATCH (c:Contact {id: row.id})
  SET c += row.set
  FOREACH (key IN row.emails | CREATE (c)-[o:OWNS]->(:Email {value: key.value}) SET o = key.edge)
  FOREACH (key IN row.user_ids | CREATE (c)-[o:OWNS]->(:UserId {value: key.value}) SET o = key.edge)
  FOREACH (key IN row.subscriptions | CREATE (c)-[o:OWNS]->(:Subscription {value: key.value}) SET o = key.edge)
  FOREACH (key IN row.trackers |
    CREATE (c)-[o:OWNS]->(tracker:Tracker {value: key.value}), (c)-[:HAS]->(period:Timeline)-[:OF]->(tracker)
    SET o = key.edge, period = key.period
    FOREACH (node IN key.activities | CREATE (a:Activity)-[:ON]->(period) SET a = node))
}
CALL () {
  UNWIND $activities AS row
  MATCH (period:Timeline {id: row.timeline})
  CREATE (a:Activity)-[:ON]->(period)
  SET a = row.node, period.last_at = row.node.received_at
}
