// name: anomalies.dismiss
// purpose: Note that a finding was dismissed, by its id alone: nothing of a person is kept. Tell whether it was not before.
// parameters: id, at
// columns: new
// access: write
MERGE (d:Dismissal {finding: $id})
  ON CREATE SET d.at = $at, d._new = true
WITH d, d._new IS NOT NULL AS new
REMOVE d._new
RETURN new AS new
