// name: explore.past_members
// purpose: Tell which of some people, given as they were, met a condition at a time.
// parameters: people, now, events, leaves, nodes
// columns: id
// access: read
UNWIND $people AS person
WITH person,
  COLLECT {
    UNWIND $events AS event
    RETURN COUNT {
      UNWIND person.periods AS id
      MATCH (a:Activity)-[:ON]->(period:Timeline {id: id}) USING INDEX SEEK period:Timeline(id)
      WHERE a.event = event.name
        AND a.received_at <= $now
        AND (event.within IS NULL OR a.occurred_at >= $now - duration(event.within))
      WITH event, CASE WHEN event.where IS NOT NULL THEN
        // insert: segments.event_properties
        END AS properties
      WHERE event.where IS NULL OR reduce(known = [leaf IN event.where.leaves |
        // insert: segments.property_truth
        ], node IN event.where.nodes | known + [
        // insert: segments.connective
        ])[-1]
    }
  } AS counts
WITH person, counts, person.properties AS properties
WITH person, [leaf IN $leaves | coalesce(CASE leaf.test
  WHEN 'kind' THEN person.kind = leaf.value
  WHEN 'key' THEN leaf.value = (leaf.name IN person.namespaces)
  WHEN 'event' THEN counts[leaf.index] >= leaf.value
  ELSE
    // insert: segments.property_truth
  END, false)] AS truths
WHERE reduce(known = truths, node IN $nodes | known + [
  // insert: segments.connective
  ])[-1]
RETURN person.id AS id
