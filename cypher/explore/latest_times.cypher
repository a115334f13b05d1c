// name: explore.latest_times
// purpose: Of one contact in so many, whichever they are, read when those were seen, or made, that come first.
// parameters: sort, share, first
// columns: at
// access: read
MATCH (c:Contact)
WHERE rand() < $share
WITH CASE $sort WHEN 'created' THEN c.created_at ELSE coalesce(c.last_seen_at, c.created_at) END AS at
WITH at ORDER BY at DESC LIMIT $first
RETURN at.epochMillis * 1000 + at.microsecond % 1000 AS at
