// name: feed.page
// purpose: Read numbered changes after a number, in order; under the feed's lock, since a commit shows its numbers one by one.
// parameters: after, limit
// columns: seq, at, change
// access: read
MATCH (c:Change) USING INDEX SEEK c:Change(seq)
WHERE c.seq > $after
RETURN c.seq AS seq, c.at.epochMillis * 1000 + c.at.microsecond % 1000 AS at, c {.*, at: NULL} AS change
ORDER BY seq
LIMIT $limit
