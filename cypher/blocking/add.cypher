// name: blocking.add
// purpose: Block a value or a pattern, or let a value through.
// parameters: kind, value, at
// columns: -
// access: write
MERGE (r:BlockRule {kind: $kind, value: $value})
  ON CREATE SET r.at = $at
