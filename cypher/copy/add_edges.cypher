// name: copy.add_edges
// purpose: Write edges as they were read elsewhere, between nodes that were written before.
// parameters: rows
// columns: -
// access: write
UNWIND $rows AS row
MATCH (a)
WHERE id(a) = row.tail
MATCH (b)
WHERE id(b) = row.head
CREATE (a)-[r:$(row.type)]->(b)
SET r = row.properties
