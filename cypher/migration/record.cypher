// name: migration.record
// purpose: Note a migration as applied, unless another process did so first.
// parameters: version, name, checksum
// columns: recorded
// access: write
MERGE (m:Migration {version: $version})
  ON CREATE SET m.name = $name, m.checksum = $checksum, m.applied_at = datetime(), m.fresh = true
WITH m, m.fresh IS NOT NULL AS recorded
REMOVE m.fresh
RETURN recorded AS recorded
