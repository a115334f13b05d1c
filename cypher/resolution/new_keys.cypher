// name: resolution.new_keys
// purpose: Give a contact the keys of its row that are new to the graph, those of trackers with their first period and activity.
// needs: c, row
FOREACH (key IN row.keys |
  CREATE (c)-[o:OWNS]->(:Key:$(key.label) {namespace: key.namespace, value: key.value})
  SET o = key.edge, o.since = datetime.fromEpoch(key.since[0], key.since[1]))
FOREACH (key IN row.trackers |
  CREATE (c)-[o:OWNS]->(tracker:Key:Tracker {namespace: 'tracker_id', value: key.value})
  CREATE (c)-[:HAS]->(period:Timeline {id: key.period})-[:OF]->(tracker)
  SET o = key.edge,
    o.since = datetime.fromEpoch(key.since[0], key.since[1]),
    period.started_at = datetime.fromEpoch(key.started[0], key.started[1]),
    period.first_occurred_at = CASE WHEN key.first IS NOT NULL
      THEN datetime.fromEpoch(key.first[0], key.first[1]) END,
    period.last_occurred_at = CASE WHEN key.latest IS NOT NULL
      THEN datetime.fromEpoch(key.latest[0], key.latest[1]) END,
    period.last_at = CASE WHEN key.last IS NOT NULL
      THEN datetime.fromEpoch(key.last[0], key.last[1]) END
  FOREACH (item IN key.activities |
    CREATE (a:Activity)-[:ON]->(period)
    SET a = item.node,
      a.occurred_at = datetime.fromEpoch(item.occurred[0], item.occurred[1]),
      a.received_at = datetime.fromEpoch(item.received[0], item.received[1])))
