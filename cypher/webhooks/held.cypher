// name: webhooks.held
// purpose: Tell whether the lease is a holder's, and keep it so until the transaction ends.
// parameters: name, holder
// columns: holder
// access: write
MATCH (l:Lease {name: $name}) USING INDEX SEEK l:Lease(name)
REMOVE l._lock
WITH l WHERE l.holder = $holder
RETURN l.holder AS holder
