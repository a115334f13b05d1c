// name: union.lose_names
// purpose: Note that contacts lost person keys, by the unions that bear on whether each was the last; no key is named.
// parameters: losses
// columns: -
// access: write
UNWIND $losses AS row
MATCH (c:Contact {id: row.contact}) USING INDEX SEEK c:Contact(id)
CREATE (c)-[:LOST_NAME]->(loss:NameLoss)
SET loss = row.node
