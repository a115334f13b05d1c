// name: privacy.erasure
// purpose: Read the receipt of an erasure.
// parameters: erasure
// columns: at, done, pending, counts
// access: read
MATCH (erasure:Erasure {id: $erasure}) USING INDEX SEEK erasure:Erasure(id)
RETURN
  erasure.at.epochMillis * 1000 + erasure.at.microsecond % 1000 AS at,
  erasure.done_at.epochMillis * 1000 + erasure.done_at.microsecond % 1000 AS done,
  coalesce(erasure.pending, false) AS pending,
  properties(erasure) AS counts
