// name: anomalies.set_state
// purpose: Note that a finding was acted on or dismissed, by its id and in the words of whoever did it. Tell whether its state is another than before.
// parameters: id, state, note, by, at
// columns: new
// access: write
MERGE (d:Dismissal {finding: $id})
WITH d, CASE WHEN d.at IS NULL THEN 'open' ELSE coalesce(d.state, 'dismissed') END AS before
SET d.state = $state, d.note = $note, d.by = $by, d.at = $at
RETURN before <> $state AS new
