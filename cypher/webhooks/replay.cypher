// name: webhooks.replay
// purpose: Have a webhook's dead letters delivered again, at once.
// parameters: name
// columns: replayed
// access: write
MATCH (w:Webhook {name: $name}) USING INDEX SEEK w:Webhook(name)
SET w.next_at = NULL
WITH w
CALL () {
  MATCH (d:DeadLetter) USING INDEX SEEK d:DeadLetter(webhook, seq)
  WHERE d.webhook = $name AND d.seq > 0
  SET d.replay = true
  RETURN count(d) AS replayed
}
RETURN replayed
