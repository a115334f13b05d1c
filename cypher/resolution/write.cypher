// name: resolution.write
// purpose: Create contacts, give contacts keys that are new to the graph, note activity and the changes of the feed; times are [seconds, nanoseconds].
// parameters: contacts, changes, activities, feed
// columns: -
// access: write
// plan: kept
CALL () {
  UNWIND $contacts AS row
  CREATE (c:Contact)
  SET c = row.set, c.id = row.id,
    c.created_at = datetime.fromEpoch(row.created[0], row.created[1]),
    c.last_seen_at = datetime.fromEpoch(row.seen[0], row.seen[1])
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
}
CALL () {
  UNWIND $changes AS row
  MATCH (c:Contact {id: row.id}) USING INDEX SEEK c:Contact(id)
  SET c += row.set, c.last_seen_at = datetime.fromEpoch(row.seen[0], row.seen[1])
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
}
CALL () {
  UNWIND $activities AS row
  MATCH (period:Timeline {id: row.period}) USING INDEX SEEK period:Timeline(id)
  WITH
    row,
    period,
    datetime.fromEpoch(row.activities[-1].received[0], row.activities[-1].received[1]) AS last,
    CASE WHEN row.first IS NULL THEN row.activities[0].occurred ELSE row.first END AS early,
    CASE WHEN row.latest IS NULL THEN row.activities[0].occurred ELSE row.latest END AS late
  WITH
    row,
    period,
    last,
    datetime.fromEpoch(early[0], early[1]) AS first,
    datetime.fromEpoch(late[0], late[1]) AS latest
  SET period.first_occurred_at = CASE
      WHEN period.first_occurred_at IS NULL AND period.last_at IS NOT NULL THEN null
      WHEN period.first_occurred_at <= first THEN period.first_occurred_at
      ELSE first END,
    period.last_occurred_at = CASE
      WHEN period.last_occurred_at IS NULL AND period.last_at IS NOT NULL THEN null
      WHEN period.last_occurred_at >= latest THEN period.last_occurred_at
      ELSE latest END,
    period.last_at = last
  FOREACH (item IN row.activities |
    CREATE (a:Activity)-[:ON]->(period)
    SET a = item.node,
      a.occurred_at = datetime.fromEpoch(item.occurred[0], item.occurred[1]),
      a.received_at = datetime.fromEpoch(item.received[0], item.received[1]))
}
CALL () {
  UNWIND $feed AS row
  CREATE (c:Change)
  SET c = row
}
