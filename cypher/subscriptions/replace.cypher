// name: subscriptions.replace
// purpose: Put new subscriptions in the place of old ones in the journal of unions, in the conflicts that made contacts, and with whoever named themselves.
// parameters: replaced
// columns: -
// access: write
// plan: kept
UNWIND $replaced AS row
MATCH (old:Key {namespace: row.namespace, value: row.old}) USING INDEX SEEK old:Key(namespace, value)
MATCH (new:Key {namespace: row.namespace, value: row.new}) USING INDEX SEEK new:Key(namespace, value)
CALL (old, new) {
  MATCH (old)<-[moved:MOVED]-(merge:Merge)
  WHERE NOT EXISTS { MATCH (merge)-[:MOVED]->(new) }
  CREATE (merge)-[again:MOVED]->(new)
  SET again = properties(moved)
  DELETE moved
}
CALL (old, new) {
  MATCH (old)<-[on:ON]-(split:Split)
  CREATE (split)-[:ON]->(new)
  DELETE on
}
CALL (old, new) {
  MATCH (old)<-[named:NAMED_WITH]-(holder)
  MERGE (holder)-[:NAMED_WITH]->(new)
  DELETE named
}
SET new.alert_at = coalesce(new.alert_at, old.alert_at)
