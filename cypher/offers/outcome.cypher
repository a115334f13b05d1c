// name: offers.outcome
// purpose: Note what became of the offers of a proposition, or of one of them.
// parameters: id, offer, outcome, at
// columns: name
// access: write
MATCH (p:Activity {message_id: $id}) USING INDEX SEEK p:Activity(message_id)
MATCH (p)-[proposed:PROPOSED]->(o:Offer)
WHERE $offer IS NULL OR o.name = $offer
SET proposed.outcome = $outcome, proposed.outcome_at = $at
RETURN o.name AS name
ORDER BY proposed.position
