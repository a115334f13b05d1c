// name: feed.fresh
// purpose: Read changes without a number up to a time, in the order in which they will get theirs.
// parameters: until, limit
// columns: element, fresh
// access: read
MATCH (c:Change) USING INDEX SEEK c:Change(fresh)
WHERE c.fresh <= $until
RETURN elementId(c) AS element, c.fresh AS fresh
ORDER BY fresh, c.place, element
LIMIT $limit
