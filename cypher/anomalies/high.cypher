// name: anomalies.high
// purpose: List the findings of a run from a rank on.
// parameters: run, points
// columns: id
// access: read
MATCH (f:Finding) USING INDEX SEEK f:Finding(run, points)
WHERE f.run = $run AND f.points >= $points
RETURN f.id AS id
