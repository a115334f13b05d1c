// name: privacy.suppress
// purpose: Keep keys from coming back, by their digests.
// parameters: name, rows, at
// columns: -
// access: write
MATCH (secret:Secret {name: $name}) USING INDEX SEEK secret:Secret(name)
SET secret.version = secret.version + 1
WITH secret
UNWIND $rows AS row
MERGE (s:Suppressed {digest: row.digest})
  ON CREATE SET s.kind = row.kind, s.at = $at
