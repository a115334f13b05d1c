// name: anomalies.findings
// purpose: Read findings of a run by rank, after the place where the last page ended; those that are in one of some states.
// parameters: run, points, id, kind, without, states, limit
// columns: id, points, document, state, note, by, at
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
WITH f, d, CASE WHEN d IS NULL THEN 'open' ELSE coalesce(d.state, 'dismissed') END AS state
WHERE state IN $states
RETURN f.id AS id, f.points AS points, f.document AS document,
  state, d.note AS note, d.by AS by, d.at.epochMillis * 1000 + d.at.microsecond % 1000 AS at
ORDER BY points DESC, id
LIMIT $limit
