// name: anomalies.sweep
// purpose: Delete some of what runs before the last one found.
// parameters: run, limit
// columns: swept
// access: write
CALL () {
  MATCH (f:Finding) USING INDEX SEEK f:Finding(run, points)
  WHERE f.run < $run AND f.points >= 0
  RETURN f AS stale
  LIMIT $limit
  UNION ALL
  MATCH (g:Cluster) USING INDEX SEEK g:Cluster(run, points)
  WHERE g.run < $run AND g.points >= 0
  RETURN g AS stale
  LIMIT $limit
}
DETACH DELETE stale
RETURN count(*) AS swept
