// name: anomalies.kinds
// purpose: Count the open findings of a run, by kind.
// parameters: run, without
// columns: kind, findings
// access: read
MATCH (f:Finding) USING INDEX SEEK f:Finding(run, points)
WHERE f.run = $run AND f.points >= 0
WITH f
WHERE NOT f.id IN $without
CALL (f) {
  OPTIONAL MATCH (d:Dismissal {finding: f.id}) USING INDEX SEEK d:Dismissal(finding)
  RETURN d
}
WITH f, d
WHERE d IS NULL
RETURN f.kind AS kind, count(*) AS findings
