// name: explore.unions_of_days
// purpose: Count the unions since a time by day since 1970, and how many of them were undone.
// parameters: since
// columns: day, unions, undone
// access: read
MATCH (m:Merge) USING INDEX m:Merge(at)
WHERE m.at >= $since
RETURN m.at.epochSeconds / 86400 AS day, count(*) AS unions, count(m.undone_at) AS undone
