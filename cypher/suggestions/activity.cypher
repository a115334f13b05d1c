// name: suggestions.activity
// purpose: Read one page of activity, by message id: which keys came together, when, and which tracker was answered.
// parameters: after, limit
// columns: page
// access: read
MATCH (a:Activity) USING INDEX SEEK a:Activity(message_id)
WHERE a.message_id > $after
WITH a ORDER BY a.message_id LIMIT $limit
RETURN collect([
  a.message_id,
  a.tracker_id,
  a.email,
  a.user_id,
  a.subscription,
  a.occurred_at.epochMillis,
  head(COLLECT { MATCH (a)-[:ON]->(:Timeline)-[:OF|WAS_OF]->(t:Tracker) RETURN t.value })
]) AS page
