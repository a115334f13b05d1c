// name: webhooks.bury
// purpose: Put changes on a webhook's dead-letter list and go on after them, as the holder of the lease.
// parameters: lease, holder, name, seqs, position, error, at
// columns: position
// access: write
MATCH (l:Lease {name: $lease, holder: $holder}) USING INDEX SEEK l:Lease(name)
MATCH (w:Webhook {name: $name}) USING INDEX SEEK w:Webhook(name)
SET w.position = $position
WITH w
CALL () {
  UNWIND $seqs AS seq
  MERGE (d:DeadLetter {webhook: $name, seq: seq})
  SET d.error = $error, d.died_at = $at, d.replay = false
}
RETURN w.position AS position
