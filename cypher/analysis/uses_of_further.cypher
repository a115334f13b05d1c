// name: analysis.uses_of_further
// purpose: Read the activity that carried some subscriptions of declared namespaces, by message id.
// parameters: subscriptions, further
// columns: namespace, subscription, message_id, event, tracker_id, email, user_id, at, carried
// access: read
UNWIND $subscriptions AS wanted
MATCH (s:Key {namespace: wanted[0], value: wanted[1]})<-[:CARRIED]-(a:Activity) USING INDEX SEEK s:Key(namespace, value)
RETURN s.namespace AS namespace, s.value AS subscription, a.message_id AS message_id, a.event AS event,
  a.tracker_id AS tracker_id, a.email AS email, a.user_id AS user_id, a.occurred_at.epochMillis AS at,
  CASE WHEN size($further) = 0 THEN [] ELSE COLLECT {
    MATCH (a)-[:CARRIED]->(k:Key)
    WHERE k.namespace IN $further
    RETURN [k.namespace, k.value]
  } END AS carried
ORDER BY message_id
