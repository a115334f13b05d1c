// name: webhooks.settle
// purpose: Take a replayed dead letter off the list, or put it back with the new error.
// parameters: lease, holder, name, seq, error, at
// columns: seq
// access: write
MATCH (l:Lease {name: $lease, holder: $holder}) USING INDEX SEEK l:Lease(name)
MATCH (d:DeadLetter {webhook: $name, seq: $seq}) USING INDEX SEEK d:DeadLetter(webhook, seq)
WITH d, d.seq AS seq
SET d.replay = false, d.error = $error, d.died_at = $at
FOREACH (_ IN CASE WHEN $error IS NULL THEN [1] ELSE [] END | DELETE d)
RETURN seq AS seq
