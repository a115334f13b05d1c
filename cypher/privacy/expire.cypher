// name: privacy.expire
// purpose: Delete some activity that is too old to be kept.
// parameters: periods, cutoff, limit
// columns: expired
// access: write
UNWIND $periods AS id
MATCH (a:Activity)-[:ON]->(period:Timeline {id: id}) USING INDEX SEEK period:Timeline(id)
WHERE a.received_at < $cutoff OR a.occurred_at < $cutoff
WITH a LIMIT $limit
DETACH DELETE a
RETURN count(*) AS expired
