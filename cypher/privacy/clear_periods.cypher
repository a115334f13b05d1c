// name: privacy.clear_periods
// purpose: Delete the periods of ownership of those who are being erased, once no activity hangs on them.
// parameters: erasure
// columns: periods
// access: write
MATCH (erasure:Erasure {id: $erasure})-[:ERASES]->(:Erased)-[:HAS]->(period:Timeline)
  USING INDEX SEEK erasure:Erasure(id)
WITH collect(DISTINCT period) AS found
WITH found, size(found) AS periods
FOREACH (period IN found | DETACH DELETE period)
RETURN periods
