// name: privacy.note
// purpose: Keep what an erasure has removed so far.
// parameters: erasure, counts
// columns: -
// access: write
MATCH (erasure:Erasure {id: $erasure}) USING INDEX SEEK erasure:Erasure(id)
SET erasure += $counts
