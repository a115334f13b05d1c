// name: segments.truths
// purpose: Tell which leaves of a program a contact meets now, and go on with c, program and truths.
// needs: c, program
  WITH c, program,
    COLLECT {
      MATCH (c)-[:HAS_PROPERTY]->(p:Property)
      WHERE p.shown AND p.value IS NOT NULL AND p.name IN program.names
      RETURN p
    } AS properties,
    COLLECT {
      UNWIND program.events AS event
      RETURN COUNT {
        MATCH (c)-[:HAS]->()<-[:ON]-(a)
        WHERE a.event = event.name
          AND (program.uncounted IS NULL OR a.message_id <> program.uncounted)
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
  WITH c, program, [leaf IN program.leaves | coalesce(CASE leaf.test
    WHEN 'kind' THEN c.kind = leaf.value
    WHEN 'key' THEN leaf.value = (0 < CASE leaf.name
      WHEN 'email' THEN c.emails
      WHEN 'user_id' THEN c.user_ids
      WHEN 'tracker_id' THEN c.trackers
      WHEN 'subscription' THEN c.subscriptions
      ELSE COUNT { MATCH (c)-[:OWNS]->(:Key {namespace: leaf.name}) } END)
    WHEN 'listed' THEN EXISTS { MATCH (c)-[:LISTED_IN]->(s:Segment) WHERE s.name = leaf.name }
    WHEN 'visitor_of' THEN EXISTS {
      MATCH (c)-[:HAS]->(:Timeline)-[:VISITED]->(:Folder)<-[:KEEPS_VISITORS_IN]-(e:Environment)
      WHERE e.name = leaf.name
    }
    WHEN 'event' THEN counts[leaf.index] >= leaf.value
    ELSE
      // insert: segments.property_truth
    END, false)] AS truths
