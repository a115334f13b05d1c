// name: workflows.define
// purpose: Make a workflow.
// parameters: name, at
// columns: -
// access: write
MERGE (w:Workflow {name: $name})
  ON CREATE SET w.created_at = $at
