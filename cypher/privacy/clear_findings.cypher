// name: privacy.clear_findings
// purpose: Delete findings and clusters that name the erased, and dismissals of findings about them.
// parameters: marks, dismissals
// columns: findings
// access: write
CALL () {
  UNWIND $dismissals AS id
  MATCH (d:Dismissal {finding: id}) USING INDEX SEEK d:Dismissal(finding)
  DELETE d
}
CALL () {
  MATCH (f:Finding) USING INDEX SEEK f:Finding(run, points)
  WHERE f.run > '' AND f.points >= 0
  WITH f
  WHERE any(mark IN $marks WHERE f.document CONTAINS mark)
  RETURN f AS found
  UNION ALL
  MATCH (g:Cluster) USING INDEX SEEK g:Cluster(run, points)
  WHERE g.run > '' AND g.points >= 0
  WITH g
  WHERE any(mark IN $marks WHERE g.document CONTAINS mark OR coalesce(g.detail, '') CONTAINS mark)
  RETURN g AS found
}
DETACH DELETE found
RETURN count(*) AS findings
