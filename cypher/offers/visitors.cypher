// name: offers.visitors
// purpose: Read one page of those in an environment's visitors folder, in the order of their ids.
// parameters: environment, after, limit
// columns: id, kind, since, last
// access: read
MATCH (e:Environment {name: $environment}) USING INDEX SEEK e:Environment(name)
MATCH (e)-[:KEEPS_VISITORS_IN]->()<-[visited:VISITED]-()<-[:HAS]-(c)
WHERE c.id > $after
WITH c, min(visited.since) AS since, max(visited.last_at) AS last
ORDER BY c.id
LIMIT $limit
RETURN
  c.id AS id,
  c.kind AS kind,
  since.epochMillis * 1000 + since.microsecond % 1000 AS since,
  last.epochMillis * 1000 + last.microsecond % 1000 AS last
