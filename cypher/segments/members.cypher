// name: segments.members
// purpose: Read one page of the contacts that meet a condition now, in the order of their ids.
// parameters: after, limit, now, names, events, leaves, nodes
// columns: id, kind
// access: read
MATCH (c:Contact)
WHERE c.id > $after
CALL (c) {
  WITH
    COLLECT {
      MATCH (c)-[:HAS_PROPERTY]->(p:Property)
      WHERE p.shown AND p.value IS NOT NULL AND p.name IN $names
      RETURN p
    } AS properties,
    COLLECT {
      UNWIND $events AS event
      RETURN COUNT {
        MATCH (c)-[:HAS]->(:Timeline)<-[:ON]-(a:Activity)
        WHERE a.event = event.name
          AND (event.within IS NULL OR a.occurred_at >= $now - duration(event.within))
      }
    } AS counts
  WITH [leaf IN $leaves | coalesce(CASE leaf.test
    WHEN 'kind' THEN c.kind = leaf.value
    WHEN 'key' THEN leaf.value = (0 < CASE leaf.name
      WHEN 'email' THEN c.emails
      WHEN 'user_id' THEN c.user_ids
      WHEN 'tracker_id' THEN c.trackers
      WHEN 'subscription' THEN c.subscriptions
      ELSE COUNT { MATCH (c)-[:OWNS]->(:Key {namespace: leaf.name}) } END)
    WHEN 'event' THEN counts[leaf.index] >= leaf.value
    WHEN 'exists' THEN leaf.value = any(p IN properties WHERE p.name = leaf.name)
    ELSE any(p IN properties WHERE p.name = leaf.name AND coalesce(CASE leaf.test
      // A list is what one of its values is.
      WHEN 'is' THEN p.value = leaf.value
        OR valueType(p.value) STARTS WITH 'LIST' AND leaf.value IN p.value
      WHEN 'is_not' THEN NOT coalesce(p.value = leaf.value
        OR valueType(p.value) STARTS WITH 'LIST' AND leaf.value IN p.value, false)
      WHEN 'in' THEN p.value IN leaf.value
        OR valueType(p.value) STARTS WITH 'LIST' AND any(one IN p.value WHERE one IN leaf.value)
      WHEN 'greater_than' THEN p.value > leaf.value
      WHEN 'less_than' THEN p.value < leaf.value
      WHEN 'contains' THEN CASE
        WHEN valueType(p.value) STARTS WITH 'LIST' THEN leaf.value IN p.value
        ELSE p.value CONTAINS leaf.value END
      END, false)) END, false)] AS truths
  RETURN reduce(known = truths, node IN $nodes | known + [CASE node.op
    WHEN 'all' THEN all(place IN node.of WHERE known[place])
    WHEN 'any' THEN any(place IN node.of WHERE known[place])
    ELSE NOT known[node.of[0]] END])[-1] AS member
}
WITH c, member WHERE member
RETURN c.id AS id, c.kind AS kind
ORDER BY id
LIMIT $limit
