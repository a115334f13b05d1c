// name: blocking.add
// purpose: Block a value or a pattern, or let a value through; tell whether the rule is new.
// parameters: kind, value, at
// columns: new
// access: write
OPTIONAL MATCH (before:BlockRule {kind: $kind, value: $value})
WITH before IS NULL AS new
MERGE (r:BlockRule {kind: $kind, value: $value})
  ON CREATE SET r.at = $at
RETURN new AS new
