// name: resolution.split
// purpose: Remember which contact the conflict of a tracker's owner and a subscription made (row 4.3.3).
// parameters: splits
// columns: -
// access: write
// plan: kept
UNWIND $splits AS row
MATCH (owner:Contact {id: row.owner}) USING INDEX SEEK owner:Contact(id)
MATCH (made:Contact {id: row.contact}) USING INDEX SEEK made:Contact(id)
MATCH (subscription:Key {namespace: row.subscription[0], value: row.subscription[1]}) USING INDEX SEEK subscription:Key(namespace, value)
CREATE (split:Split {at: datetime.fromEpoch(row.at[0], row.at[1])})-[:BETWEEN]->(owner)
CREATE (split)-[:ON]->(subscription)
CREATE (split)-[:MADE]->(made)
