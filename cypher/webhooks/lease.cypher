// name: webhooks.lease
// purpose: Take the lease for some seconds, or hold it on, unless another holds it; by the database's clock.
// parameters: name, holder, seconds
// columns: holder
// access: write
MERGE (l:Lease {name: $name})
REMOVE l._lock
WITH l, datetime.realtime() AS now
WITH l, now, coalesce(l.holder = $holder OR l.until < now, true) AS free
SET
  l.holder = CASE WHEN free THEN $holder ELSE l.holder END,
  l.until = CASE WHEN free THEN now + duration({seconds: $seconds}) ELSE l.until END
RETURN l.holder AS holder
