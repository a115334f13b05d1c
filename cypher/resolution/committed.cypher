// name: resolution.committed
// purpose: Tell whether the transaction is in the graph that wrote an event's activity, after a commit that nobody answered.
// parameters: message_id, commit
// columns: committed
// access: read
// plan: kept
RETURN EXISTS {
  MATCH (a:Activity {message_id: $message_id})
  WHERE a.commit = $commit
} AS committed
