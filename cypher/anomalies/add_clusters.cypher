// name: anomalies.add_clusters
// purpose: Store clusters of a run, each tied to the contacts that it names.
// parameters: clusters
// columns: -
// access: write
UNWIND $clusters AS row
CREATE (g:Cluster)
SET g = row.node
WITH g, row
CALL (g, row) {
  UNWIND row.contacts AS id
  MATCH (c:Contact {id: id}) USING INDEX SEEK c:Contact(id)
  CREATE (g)-[:ABOUT]->(c)
}
