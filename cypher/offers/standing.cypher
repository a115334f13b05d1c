// name: offers.standing
// purpose: Tell which leaves of conditions a contact meets now, and how often what was presented to it and to others; the activity of this very call, id, is not counted.
// parameters: id, contact_id, also, environment, now, windows, names, events, leaves
// columns: version, truths, presented
// access: read
// plan: kept
CALL () {
  OPTIONAL MATCH (catalogue:Catalogue {name: 'catalogue'}) USING INDEX SEEK catalogue:Catalogue(name)
  RETURN coalesce(catalogue.version, '') AS version
}
MATCH (c:Contact {id: $contact_id}) USING INDEX SEEK c:Contact(id)
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
        MATCH (c)-[:HAS]->()<-[:ON]-(a)
        WHERE a.event = event.name
          AND a.message_id <> $id
          AND (event.within IS NULL OR a.occurred_at >= $now - duration(event.within))
      }
    } AS counts
  RETURN [leaf IN $leaves | coalesce(CASE leaf.test
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
}
CALL () {
  UNWIND [$contact_id] + $also AS contact_id
  MATCH (holder:Contact {id: contact_id})-[:HAS]->()<-[on:PROPOSED_ON]-(made)
    USING INDEX SEEK holder:Contact(id)
  WHERE on.environment = $environment
  MATCH (made)-[:PROPOSED]->(o)
  WITH o.name AS name, collect(on.at) AS times
  RETURN collect([
    name,
    [window IN $windows | size([at IN times WHERE window IS NULL OR at >= $now - duration(window)])]
  ]) AS presented
}
RETURN version, truths, presented
