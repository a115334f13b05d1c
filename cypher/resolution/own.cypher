// name: resolution.own
// purpose: Give contacts keys that are in the graph.
// parameters: keys
// columns: -
// access: write
// plan: kept
UNWIND $keys AS row
MATCH (c:Contact {id: row.contact}) USING INDEX SEEK c:Contact(id)
MATCH (k:Key {namespace: row.namespace, value: row.value}) USING INDEX SEEK k:Key(namespace, value)
CREATE (c)-[o:OWNS]->(k)
SET o = row.edge, o.since = datetime.fromEpoch(row.since[0], row.since[1])
