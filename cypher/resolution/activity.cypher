// name: resolution.activity
// purpose: Note the activity of one row on its period of ownership; a row says its times only where they are not those of its one activity.
// needs: row
MATCH (period:Timeline {id: row.period}) USING INDEX SEEK period:Timeline(id)
WITH
  row,
  period,
  datetime.fromEpoch(row.activities[-1].received[0], row.activities[-1].received[1]) AS last,
  coalesce(row.first, row.activities[0].occurred) AS early,
  coalesce(row.latest, row.activities[0].occurred) AS late
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
