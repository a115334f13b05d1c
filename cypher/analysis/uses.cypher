// name: analysis.uses
// purpose: Read the activity that carried some subscriptions, by message id: when, what, on which tracker, under which name.
// parameters: subscriptions, persons
// columns: subscription, message_id, event, tracker_id, email, user_id, at, named
// access: read
UNWIND $subscriptions AS value
MATCH (a:Activity {subscription: value}) USING INDEX SEEK a:Activity(subscription)
RETURN value AS subscription, a.message_id AS message_id, a.event AS event, a.tracker_id AS tracker_id,
  a.email AS email, a.user_id AS user_id, a.occurred_at.epochMillis AS at,
  CASE WHEN size($persons) > 0 THEN head(COLLECT {
    MATCH (a)-[:CARRIED]->(k:Key)
    WHERE k.namespace IN $persons
    RETURN [k.namespace, k.value]
    ORDER BY head([place IN range(0, size($persons) - 1) WHERE $persons[place] = k.namespace]), k.value
    LIMIT 1
  }) END AS named
ORDER BY message_id
