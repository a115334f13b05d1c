// name: resolution.committed
// purpose: Tell whether an event's activity is in the graph, written by the given transaction if one is given, after a commit that nobody answered.
// parameters: message_id, commit
// columns: committed
// access: read
// plan: kept
RETURN EXISTS {
  MATCH (a:Activity {message_id: $message_id})
  WHERE $commit IS NULL OR a.commit = $commit
} AS committed
