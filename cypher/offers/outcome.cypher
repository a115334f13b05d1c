// name: offers.outcome
// purpose: Note what became of the offers of a proposition, or of one of them: what was decided stands above a click, a click above having been presented.
// parameters: id, offer, outcome, at
// columns: name
// access: write
MATCH (p:Activity {message_id: $id}) USING INDEX SEEK p:Activity(message_id)
MATCH (p)-[proposed:PROPOSED]->(o:Offer)
WHERE $offer IS NULL OR o.name = $offer
SET
  proposed.presented_at = CASE $outcome WHEN 'presented' THEN coalesce(proposed.presented_at, $at) ELSE proposed.presented_at END,
  proposed.clicked_at = CASE $outcome WHEN 'clicked' THEN coalesce(proposed.clicked_at, $at) ELSE proposed.clicked_at END
FOREACH (_ IN CASE
  WHEN $outcome = 'presented' AND proposed.outcome IS NOT NULL THEN []
  WHEN $outcome = 'clicked' AND NOT coalesce(proposed.outcome, 'presented') IN ['presented', 'clicked'] THEN []
  ELSE [1] END |
  SET proposed.outcome = $outcome, proposed.outcome_at = $at
)
WITH proposed, o
RETURN o.name AS name
ORDER BY proposed.position
