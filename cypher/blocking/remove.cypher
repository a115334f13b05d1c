// name: blocking.remove
// purpose: Take back a rule that an operator added, under its lock.
// parameters: kind, namespace, value
// columns: removed
// access: write
MATCH (r:BlockRule {kind: $kind, namespace: $namespace, value: $value})
REMOVE r._lock
WITH r, r.value AS removed WHERE r:BlockRule
DELETE r
RETURN removed AS removed
