// name: offers.standings
// purpose: Tell of each of some contacts which leaves of conditions it meets at a time, which leaves the data of a call meet, and how often what was presented to it, or accepted or refused by it, in each window.
// parameters: contact_ids, environments, now, windows, names, events, leaves, context, asked_of_call
// columns: contact, truths, of_call, presented
// access: read
UNWIND $contact_ids AS contact_id
MATCH (c:Contact {id: contact_id}) USING INDEX SEEK c:Contact(id)
CALL (c) {
  WITH c, {names: $names, events: $events, leaves: $leaves, uncounted: null} AS program
  // insert: segments.truths
  RETURN truths
}
CALL (c) {
  MATCH (c)-[:HAS]->()<-[on:PROPOSED_ON]-(made)
  WHERE on.environment IN $environments
  MATCH (made)-[proposed:PROPOSED]->(o)
  WITH o.name AS name, collect([on.at, proposed.outcome, proposed.outcome_at, on.environment <> $environments[0]]) AS times
  RETURN collect([
    name,
    // insert: offers.counted
  ]) AS presented
}
WITH c, truths, presented, $context AS properties
RETURN c.id AS contact, truths, [leaf IN $asked_of_call | coalesce(
  // insert: segments.property_truth
  , false)] AS of_call, presented
