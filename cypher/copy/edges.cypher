// name: copy.edges
// purpose: Read the edges whose numbers are in a range, with everything that is on them.
// parameters: first, last
// columns: tail, head, type, properties
// access: read
UNWIND range($first, $last) AS wanted
MATCH (a)-[r]->(b)
WHERE id(r) = wanted
RETURN id(a) AS tail, id(b) AS head, type(r) AS type, properties(r) AS properties
