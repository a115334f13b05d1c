// name: webhooks.remove
// purpose: Remove a webhook with its dead letters, under its lock.
// parameters: name
// columns: name
// access: write
MATCH (w:Webhook {name: $name}) USING INDEX SEEK w:Webhook(name)
REMOVE w._lock
WITH w, w.name AS name WHERE w:Webhook
CALL (name) {
  MATCH (d:DeadLetter) USING INDEX SEEK d:DeadLetter(webhook, seq)
  WHERE d.webhook = name AND d.seq > 0
  DELETE d
}
DELETE w
RETURN name AS name
