// name: feed.lag
// purpose: Tell how far the feed is: its last number, since when changes wait for a number, where each webhook is, how much is dead.
// parameters: name
// columns: last, fresh_since, webhooks, waiting_since, dead
// access: read
OPTIONAL MATCH (f:Feed {name: $name}) USING INDEX SEEK f:Feed(name)
WITH coalesce(f.last, 0) AS last
CALL () {
  OPTIONAL MATCH (c:Change) USING INDEX SEEK c:Change(fresh)
  WHERE c.fresh >= 0
  RETURN c.fresh AS fresh_since
  ORDER BY fresh_since
  LIMIT 1
}
CALL () {
  MATCH (w:Webhook) USING INDEX SEEK w:Webhook(name)
  WHERE w.name > ''
  RETURN collect(w.position) AS webhooks, min(w.position) AS behind
}
CALL (behind) {
  OPTIONAL MATCH (c:Change) USING INDEX SEEK c:Change(seq)
  WHERE c.seq > behind
  RETURN c.at.epochMillis * 1000 + c.at.microsecond % 1000 AS waiting_since
  ORDER BY c.seq
  LIMIT 1
}
CALL () {
  MATCH (d:DeadLetter) USING INDEX SEEK d:DeadLetter(webhook, seq)
  WHERE d.webhook > '' AND d.seq > 0
  RETURN count(d) AS dead
}
RETURN last, fresh_since, webhooks, waiting_since, dead
