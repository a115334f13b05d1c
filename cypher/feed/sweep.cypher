// name: feed.sweep
// purpose: Delete some of the oldest changes, up to a number and older than a time, under the feed's lock; tell how many and up to where.
// parameters: name, until, before, limit
// columns: swept
// access: write
MATCH (c:Change) USING INDEX SEEK c:Change(seq)
WHERE c.seq >= 0 AND c.seq <= $until
WITH c ORDER BY c.seq LIMIT $limit
WHERE c.at < $before
WITH collect(c) AS old, max(c.seq) AS highest
WHERE highest IS NOT NULL
MATCH (f:Feed {name: $name}) USING INDEX SEEK f:Feed(name)
SET f.swept = highest
FOREACH (c IN old | DETACH DELETE c)
RETURN size(old) AS swept
