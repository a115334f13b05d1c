// name: workflows.define
// purpose: Make a workflow; tell whether it is new.
// parameters: name, at
// columns: new
// access: write
MERGE (w:Workflow {name: $name})
  ON CREATE SET w.created_at = $at, w._new = true
WITH w, w._new IS NOT NULL AS new
REMOVE w._new
RETURN new AS new
