// name: analysis.splits
// purpose: Read the conflicts of row 4.3.3 on some subscriptions: whose tracker it was, and when.
// parameters: subscriptions
// columns: subscription, owner, at
// access: read
UNWIND $subscriptions AS value
MATCH (s:Subscription {value: value})<-[:ON]-(split:Split) USING INDEX SEEK s:Subscription(value)
MATCH (split)-[:BETWEEN]->(owner)
RETURN value AS subscription, owner.id AS owner, split.at.epochMillis AS at
