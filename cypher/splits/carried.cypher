// name: splits.carried
// purpose: Tell which keys the activity of a contact carried together, and how often: what a split around a key goes by.
// parameters: contact_id
// columns: tracker, email, user_id, subscription, others, activities
// access: read
MATCH (c:Contact {id: $contact_id})-[:HAS]->(period:Timeline)-[:OF|WAS_OF]->(tracker:Tracker)
  USING INDEX SEEK c:Contact(id)
MATCH (a:Activity)-[:ON]->(period)
WITH
  tracker.value AS tracker,
  a.email AS email,
  a.user_id AS user_id,
  a.subscription AS subscription,
  COLLECT { MATCH (a)-[:CARRIED]->(k:Key) RETURN [k.namespace, k.value] ORDER BY k.namespace, k.value } AS others
RETURN tracker, email, user_id, subscription, others, count(*) AS activities
