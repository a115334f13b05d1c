// name: privacy.uncompacted
// purpose: Count the erasures since which the stores were not rewritten.
// parameters: -
// columns: erasures
// access: read
MATCH (erasure:Erasure)
WHERE erasure.compacted_at IS NULL
RETURN count(erasure) AS erasures
