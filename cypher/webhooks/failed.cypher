// name: webhooks.failed
// purpose: Note that a delivery failed and when it is tried again, as the holder of the lease.
// parameters: lease, holder, name, error, at, next_at
// columns: tries
// access: write
MATCH (l:Lease {name: $lease, holder: $holder}) USING INDEX SEEK l:Lease(name)
MATCH (w:Webhook {name: $name}) USING INDEX SEEK w:Webhook(name)
SET
  w.tries = w.tries + 1,
  w.error = $error,
  w.failing_since = coalesce(w.failing_since, $at),
  w.next_at = $next_at
RETURN w.tries AS tries
