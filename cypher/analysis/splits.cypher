// name: analysis.splits
// purpose: Read the conflicts of row 4.3.3 on some subscriptions: whose tracker it was, and when.
// parameters: subscriptions
// columns: namespace, subscription, owner, at
// access: read
UNWIND $subscriptions AS wanted
MATCH (s:Key {namespace: wanted[0], value: wanted[1]})<-[:ON]-(split:Split) USING INDEX SEEK s:Key(namespace, value)
MATCH (split)-[:BETWEEN]->(owner)
RETURN s.namespace AS namespace, s.value AS subscription, owner.id AS owner, split.at.epochMillis AS at
