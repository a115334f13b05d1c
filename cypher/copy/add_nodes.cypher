// name: copy.add_nodes
// purpose: Write nodes as they were read elsewhere; the numbers that they got come in the order of the rows.
// parameters: rows
// columns: number
// access: write
UNWIND $rows AS row
CREATE (n)
SET n:$(row.labels)
SET n = row.properties
RETURN id(n) AS number
