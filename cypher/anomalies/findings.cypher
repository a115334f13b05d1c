// name: anomalies.findings
// purpose: Read findings of a run by rank, after the place where the last page ended; those that are in one of some states.
// parameters: run, points, id, kind, without, states, limit
// columns: id, points, document
// access: read
MATCH (f:Finding) USING INDEX SEEK f:Finding(run, points)
WHERE f.run = $run AND f.points <= $points
WITH f
WHERE
  (f.points < $points OR f.id > $id)
  AND ($kind = '' OR f.kind = $kind)
  AND NOT f.id IN $without
CALL (f) {
  OPTIONAL MATCH (d:Dismissal {finding: f.id}) USING INDEX SEEK d:Dismissal(finding)
  RETURN d
}
WITH f, d
WHERE CASE WHEN d IS NULL THEN 'open' ELSE coalesce(d.state, 'dismissed') END IN $states
RETURN f.id AS id, f.points AS points, f.document AS document
ORDER BY points DESC, id
LIMIT $limit
