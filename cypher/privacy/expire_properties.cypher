// name: privacy.expire_properties
// purpose: Delete some replaced values of properties that are too old to be kept.
// parameters: cutoff, limit
// columns: expired
// access: write
MATCH (p:ReplacedProperty) USING INDEX SEEK p:ReplacedProperty(replaced_at)
WHERE p.replaced_at < $cutoff
WITH p LIMIT $limit
DETACH DELETE p
RETURN count(*) AS expired
