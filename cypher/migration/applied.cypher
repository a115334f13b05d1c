// name: migration.applied
// purpose: List the migrations that this graph has had.
// parameters: -
// columns: version, name, checksum
// access: read
MATCH (m:Migration)
RETURN m.version AS version, m.name AS name, m.checksum AS checksum
