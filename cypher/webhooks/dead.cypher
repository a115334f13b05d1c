// name: webhooks.dead
// purpose: Read a webhook's dead letters after a number, in order, those whose change is still in the feed.
// parameters: name, after, only_replayed, limit
// columns: seq, at, change, error, died, replay
// access: read
MATCH (d:DeadLetter) USING INDEX SEEK d:DeadLetter(webhook, seq)
WHERE d.webhook = $name AND d.seq > $after
WITH d WHERE d.replay OR NOT $only_replayed
MATCH (c:Change {seq: d.seq}) USING INDEX SEEK c:Change(seq)
RETURN
  d.seq AS seq,
  c.at.epochMillis * 1000 + c.at.microsecond % 1000 AS at,
  c {.*, at: NULL} AS change,
  d.error AS error,
  d.died_at.epochMillis * 1000 + d.died_at.microsecond % 1000 AS died,
  d.replay AS replay
ORDER BY seq
LIMIT $limit
