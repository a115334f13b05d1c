// name: offers.standing
// purpose: Tell which leaves of conditions a contact meets now, which leaves the call's own data meet, and how often what was presented to some holders, or accepted or refused by them, in each window: a period, an outcome (null for every presentation), and whether only what other environments than the first proposed counts; the activity of this very call, id, is not counted.
// parameters: id, contact_id, holders, environments, now, windows, names, events, leaves, context, asked_of_call
// columns: version, truths, of_call, presented
// access: read
// plan: kept
CALL () {
  OPTIONAL MATCH (catalogue:Catalogue {name: 'catalogue'}) USING INDEX SEEK catalogue:Catalogue(name)
  RETURN coalesce(catalogue.version, '') AS version
}
MATCH (c:Contact {id: $contact_id}) USING INDEX SEEK c:Contact(id)
CALL (c) {
  WITH c, {names: $names, events: $events, leaves: $leaves, uncounted: $id} AS program
  // insert: segments.truths
  RETURN truths
}
CALL () {
  UNWIND $holders AS contact_id
  MATCH (holder:Contact {id: contact_id})-[:HAS]->()<-[on:PROPOSED_ON]-(made)
    USING INDEX SEEK holder:Contact(id)
  WHERE on.environment IN $environments
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
