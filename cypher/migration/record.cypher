// name: migration.record
// purpose: Note a migration as applied; tell whether this process did, and no other before it.
// parameters: version, name, checksum, commit
// columns: recorded
// access: write
MERGE (m:Migration {version: $version})
  ON CREATE SET m.name = $name, m.checksum = $checksum, m.applied_at = datetime(), m.commit = $commit
RETURN coalesce(m.commit = $commit, false) AS recorded
