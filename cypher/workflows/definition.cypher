// name: workflows.definition
// purpose: Read a workflow.
// parameters: name
// columns: name, created
// access: read
MATCH (w:Workflow {name: $name}) USING INDEX w:Workflow(name)
RETURN w.name AS name, w.created_at.epochSeconds * 1000000 + w.created_at.microsecond AS created
