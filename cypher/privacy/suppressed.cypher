// name: privacy.suppressed
// purpose: Read one page of what is suppressed, by digest.
// parameters: after, limit
// columns: digest, kind, at
// access: read
MATCH (s:Suppressed) USING INDEX SEEK s:Suppressed(digest)
WHERE s.digest > $after
RETURN s.digest AS digest, s.kind AS kind, s.at.epochMillis * 1000 + s.at.microsecond % 1000 AS at
ORDER BY digest
LIMIT $limit
