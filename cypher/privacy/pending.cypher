// name: privacy.pending
// purpose: List erasures that were begun and not finished.
// parameters: -
// columns: id
// access: read
MATCH (erasure:Erasure {pending: true}) USING INDEX SEEK erasure:Erasure(pending)
RETURN erasure.id AS id
ORDER BY id
