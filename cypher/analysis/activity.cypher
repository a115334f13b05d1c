// name: analysis.activity
// purpose: Read one page of activity, by message id: which keys came together, when, and where the device was.
// parameters: after, limit, places
// columns: message_id, event, conflict, tracker_id, email, user_id, subscription, at, place
// access: read
MATCH (a:Activity) USING INDEX SEEK a:Activity(message_id)
WHERE a.message_id > $after
WITH a ORDER BY a.message_id LIMIT $limit
RETURN
  a.message_id AS message_id,
  a.event AS event,
  a.rule = '2.3' OR (a.rule = '3' AND a.outcome = 'found') AS conflict,
  a.tracker_id AS tracker_id,
  a.email AS email,
  a.user_id AS user_id,
  a.subscription AS subscription,
  a.occurred_at.epochMillis AS at,
  [
    place IN range(0, coalesce(size(a.property_names), 0) - 1)
    WHERE a.property_names[place] IN $places | [a.property_names[place], a.property_values[place]]
  ] AS place
ORDER BY message_id
