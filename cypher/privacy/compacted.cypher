// name: privacy.compacted
// purpose: Note that of those who were erased no byte is left in the stores.
// parameters: at
// columns: -
// access: write
MATCH (erasure:Erasure)
WHERE erasure.done_at IS NOT NULL AND erasure.compacted_at IS NULL
SET erasure.compacted_at = $at
