// name: webhooks.all
// purpose: Read every webhook, with its secret, in the order of their names.
// parameters: -
// columns: webhook, created, delivered, failing, next
// access: read
MATCH (w:Webhook) USING INDEX SEEK w:Webhook(name)
WHERE w.name > ''
RETURN
  w {.name, .url, .secret, .kinds, .position, .tries, .error} AS webhook,
  w.created_at.epochMillis * 1000 + w.created_at.microsecond % 1000 AS created,
  w.delivered_at.epochMillis * 1000 + w.delivered_at.microsecond % 1000 AS delivered,
  w.failing_since.epochMillis * 1000 + w.failing_since.microsecond % 1000 AS failing,
  w.next_at.epochMillis * 1000 + w.next_at.microsecond % 1000 AS next
ORDER BY w.name
