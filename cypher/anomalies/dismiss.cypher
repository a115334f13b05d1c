// name: anomalies.dismiss
// purpose: Note that a finding was dismissed, by its id alone: nothing of a person is kept.
// parameters: id, at
// columns: -
// access: write
MERGE (d:Dismissal {finding: $id})
  ON CREATE SET d.at = $at
