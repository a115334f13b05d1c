// name: copy.nodes
// purpose: Read the nodes whose numbers are in a range, with everything that is on them.
// parameters: first, last
// columns: number, labels, properties
// access: read
UNWIND range($first, $last) AS wanted
MATCH (n)
WHERE id(n) = wanted
RETURN id(n) AS number, labels(n) AS labels, properties(n) AS properties
