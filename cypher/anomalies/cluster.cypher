// name: anomalies.cluster
// purpose: Read one cluster of a run, with what the list cuts short.
// parameters: run, id
// columns: document, detail
// access: read
MATCH (g:Cluster {id: $id, run: $run}) USING INDEX SEEK g:Cluster(id, run)
RETURN g.document AS document, g.detail AS detail
