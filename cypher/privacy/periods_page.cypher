// name: privacy.periods_page
// purpose: Read one page of periods of ownership, by id, and whether activity on them is too old to be kept.
// parameters: after, limit, cutoff
// columns: id, expired
// access: read
MATCH (period:Timeline) USING INDEX SEEK period:Timeline(id)
WHERE period.id > $after
WITH period ORDER BY period.id LIMIT $limit
RETURN
  period.id AS id,
  EXISTS {
    MATCH (a:Activity)-[:ON]->(period)
    WHERE a.received_at < $cutoff OR a.occurred_at < $cutoff
  } AS expired
ORDER BY id
