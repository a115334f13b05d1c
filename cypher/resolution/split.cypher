// name: resolution.split
// purpose: Remember which contact the conflict of a tracker's owner and a subscription made (row 4.3.3).
// parameters: splits
// columns: -
// access: write
UNWIND $splits AS row
MATCH (owner:Contact {id: row.owner})
MATCH (made:Contact {id: row.contact})
MATCH (subscription:Subscription {value: row.subscription})
CREATE (split:Split {at: row.at})-[:BETWEEN]->(owner)
CREATE (split)-[:ON]->(subscription)
CREATE (split)-[:MADE]->(made)
