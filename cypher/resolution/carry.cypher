// name: resolution.carry
// purpose: Note which keys an activity carried beside those that stand on it.
// parameters: carried
// columns: -
// access: write
// plan: kept
UNWIND $carried AS row
MATCH (a:Activity {message_id: row.message_id}) USING INDEX SEEK a:Activity(message_id)
MERGE (k:Key {namespace: row.namespace, value: row.value})
  ON CREATE SET k:$(row.label)
CREATE (a)-[:CARRIED]->(k)
