// name: analysis.activity
// purpose: Read one page of activity, by message id: which keys came together, when, where the device was, and in a conflict the tracker that was answered.
// parameters: after, limit, places, further
// columns: page
// access: read
MATCH (a:Activity) USING INDEX SEEK a:Activity(message_id)
WHERE a.message_id > $after
WITH a ORDER BY a.message_id LIMIT $limit
WITH a, a.rule = '2.3' OR (a.rule = '3' AND a.outcome = 'found') AS conflict
RETURN collect([
  a.message_id,
  a.event,
  conflict,
  CASE WHEN conflict THEN head(COLLECT { MATCH (a)-[:ON]->(:Timeline)-[:OF|WAS_OF]->(t:Tracker) RETURN t.value }) END,
  a.tracker_id,
  a.email,
  a.user_id,
  a.subscription,
  a.occurred_at.epochMillis,
  [
    place IN range(0, coalesce(size(a.property_names), 0) - 1)
    WHERE a.property_names[place] IN $places | [a.property_names[place], a.property_values[place]]
  ],
  CASE WHEN size($further) = 0 THEN [] ELSE COLLECT {
    MATCH (a)-[:CARRIED]->(k:Key)
    WHERE k.namespace IN $further
    RETURN [k.namespace, k.value]
  } END
]) AS page
