// name: blocking.remove
// purpose: Take back a rule that an operator added.
// parameters: kind, value
// columns: removed
// access: write
MATCH (r:BlockRule {kind: $kind, value: $value})
WITH r, r.value AS removed
DELETE r
RETURN removed AS removed
