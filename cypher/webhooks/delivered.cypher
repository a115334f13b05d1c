// name: webhooks.delivered
// purpose: Move a webhook's position forward, as the holder of the lease; what has failed before is over.
// parameters: lease, holder, name, position, at
// columns: position
// access: write
MATCH (l:Lease {name: $lease, holder: $holder}) USING INDEX SEEK l:Lease(name)
MATCH (w:Webhook {name: $name}) USING INDEX SEEK w:Webhook(name)
SET
  w.position = CASE WHEN w.position < $position THEN $position ELSE w.position END,
  w.delivered_at = coalesce($at, w.delivered_at),
  w.tries = CASE WHEN $at IS NULL THEN w.tries ELSE 0 END,
  w.next_at = CASE WHEN $at IS NULL THEN w.next_at END,
  w.failing_since = CASE WHEN $at IS NULL THEN w.failing_since END,
  w.error = CASE WHEN $at IS NULL THEN w.error END
RETURN w.position AS position
