// name: resolution.split
// purpose: Remember which contact the conflict of a tracker's owner and a subscription made (row 4.3.3).
// parameters: splits
// columns: -
// access: write
UNWIND $splits AS row
MATCH (owner:Contact {id: row.owner}) USING INDEX owner:Contact(id)
MATCH (made:Contact {id: row.contact}) USING INDEX made:Contact(id)
MATCH (subscription:Subscription {value: row.subscription}) USING INDEX subscription:Subscription(value)
CREATE (split:Split {at: datetime({epochSeconds: row.at / 1000000, nanosecond: row.at % 1000000 * 1000})})-[:BETWEEN]->(owner)
CREATE (split)-[:ON]->(subscription)
CREATE (split)-[:MADE]->(made)
