// name: offers.standing_of_page
// purpose: Tell which leaves of conditions the visitor of a browser meets by what that browser alone did and said on its cookies (properties), which leaves the call's own data meet, and how often what was presented to it while nobody was identified by it, or accepted or refused, in each window, as offers.standing counts; nobody else, nor who owns the cookies by now, has a say. The activity of this very call, id, is not counted.
// parameters: id, cookies, environments, now, windows, events, leaves, properties, context, asked_of_call
// columns: version, truths, of_call, presented
// access: read
// plan: kept
CALL () {
  OPTIONAL MATCH (catalogue:Catalogue {name: 'catalogue'}) USING INDEX SEEK catalogue:Catalogue(name)
  RETURN coalesce(catalogue.version, '') AS version
}
CALL () {
  UNWIND $cookies AS value
  MATCH (cookie:Tracker {value: value})<-[:OF|WAS_OF]-(period:Timeline) USING INDEX SEEK cookie:Tracker(value)
  RETURN collect(DISTINCT period) AS periods
}
WITH version, periods, $properties AS properties,
  COLLECT {
    UNWIND $events AS event
    RETURN COUNT {
      UNWIND periods AS period
      MATCH (period)<-[:ON]-(a)
      WHERE a.event = event.name
        AND a.message_id <> $id
        AND (event.within IS NULL OR a.occurred_at >= $now - duration(event.within))
        AND
          // insert: offers.own_activity
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
WITH version, periods, [leaf IN $leaves | coalesce(CASE leaf.test
  WHEN 'kind' THEN leaf.value = 'anonymous'
  WHEN 'key' THEN leaf.value = (leaf.name = 'tracker_id')
  // Who is on a list that people edit, they know of the contact, not of the browser.
  WHEN 'listed' THEN false
  WHEN 'visitor_of' THEN any(period IN periods WHERE EXISTS {
    MATCH (period)-[:VISITED]->(:Folder)<-[:KEEPS_VISITORS_IN]-(e:Environment)
    WHERE e.name = leaf.name
  })
  WHEN 'event' THEN counts[leaf.index] >= leaf.value
  ELSE
    // insert: segments.property_truth
  END, false)] AS truths
CALL (periods) {
  UNWIND periods AS period
  MATCH (period)<-[on:PROPOSED_ON]-(made)
  WHERE made.identification = 'none' AND on.environment IN $environments
  MATCH (made)-[proposed:PROPOSED]->(o)
  WITH o.name AS name, collect([on.at, proposed.outcome, proposed.outcome_at, on.environment <> $environments[0]]) AS times
  RETURN collect([
    name,
    // insert: offers.counted
  ]) AS presented
}
WITH version, truths, presented, $context AS properties
RETURN version, truths, [leaf IN $asked_of_call | coalesce(
  // insert: segments.property_truth
  , false)] AS of_call, presented
