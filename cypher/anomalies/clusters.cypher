// name: anomalies.clusters
// purpose: Read clusters of a run by rank, after the place where the last page ended.
// parameters: run, points, id, limit
// columns: id, points, document
// access: read
MATCH (g:Cluster) USING INDEX SEEK g:Cluster(run, points)
WHERE g.run = $run AND g.points <= $points
WITH g
WHERE g.points < $points OR g.id > $id
RETURN g.id AS id, g.points AS points, g.document AS document
ORDER BY points DESC, id
LIMIT $limit
