// name: explore.past_carried
// purpose: Tell when the first event arrived that is kept and carried a key.
// parameters: namespace, value
// columns: since
// access: read
CALL () {
  MATCH (a:Activity {email: $value}) USING INDEX SEEK a:Activity(email)
  WHERE $namespace = 'email'
  RETURN a
  UNION
  MATCH (a:Activity {user_id: $value}) USING INDEX SEEK a:Activity(user_id)
  WHERE $namespace = 'user_id'
  RETURN a
  UNION
  MATCH (a:Activity {subscription: $value}) USING INDEX SEEK a:Activity(subscription)
  WHERE $namespace = 'subscription'
  RETURN a
  UNION
  MATCH (k:Key {namespace: $namespace, value: $value})<-[:CARRIED]-(a:Activity) USING INDEX SEEK k:Key(namespace, value)
  RETURN a
}
WITH min(a.received_at) AS first
RETURN first.epochMillis * 1000 + first.microsecond % 1000 AS since
