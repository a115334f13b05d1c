// name: blocking.add
// purpose: Block a value or a pattern, or let a value through, for the keys of a namespace or, with the empty name, for all; tell whether the rule is new.
// parameters: kind, namespace, value, at
// columns: new
// access: write
MERGE (r:BlockRule {kind: $kind, namespace: $namespace, value: $value})
  ON CREATE SET r.at = $at, r._new = true
WITH r, r._new IS NOT NULL AS new
REMOVE r._new
RETURN new AS new
