// name: copy.highest
// purpose: Read how far the numbers of nodes and edges go, and how many of each there are.
// parameters: -
// columns: node, edge, nodes, edges
// access: read
CALL () {
  MATCH (n)
  RETURN coalesce(max(id(n)), -1) AS node, count(n) AS nodes
}
CALL () {
  MATCH ()-[r]->()
  RETURN coalesce(max(id(r)), -1) AS edge, count(r) AS edges
}
RETURN node, edge, nodes, edges
