// name: segments.unwatch
// purpose: Forget some of who was in a segment when it was last looked at.
// parameters: name, limit
// columns: forgotten
// access: write
MATCH (m:Watched) USING INDEX SEEK m:Watched(segment, contact)
WHERE m.segment = $name AND m.contact > ''
WITH m LIMIT $limit
DELETE m
RETURN count(*) AS forgotten
