// name: feed.changes
// purpose: Read some changes by their numbers.
// parameters: seqs
// columns: seq, at, change
// access: read
UNWIND $seqs AS wanted
MATCH (c:Change {seq: wanted}) USING INDEX SEEK c:Change(seq)
RETURN c.seq AS seq, c.at.epochMillis * 1000 + c.at.microsecond % 1000 AS at, c {.*, at: NULL} AS change
ORDER BY seq
