// name: resolution.committed
// purpose: Tell whether an event's activity is in the graph, after a commit that nobody answered.
// parameters: message_id
// columns: committed
// access: read
// plan: kept
RETURN EXISTS { MATCH (:Activity {message_id: $message_id}) } AS committed
