// name: privacy.allow
// purpose: Let a key come back.
// parameters: name, digest
// columns: kind
// access: write
MATCH (secret:Secret {name: $name}) USING INDEX SEEK secret:Secret(name)
MATCH (s:Suppressed {digest: $digest}) USING INDEX SEEK s:Suppressed(digest)
SET secret.version = secret.version + 1
WITH s, s.kind AS kind
DELETE s
RETURN kind AS kind
