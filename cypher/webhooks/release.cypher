// name: webhooks.release
// purpose: Give the lease back, if it is still this holder's.
// parameters: name, holder
// columns: -
// access: write
MATCH (l:Lease {name: $name}) USING INDEX SEEK l:Lease(name)
REMOVE l._lock
WITH l WHERE l.holder = $holder
SET l.until = NULL, l.holder = NULL
