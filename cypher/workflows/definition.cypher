// name: workflows.definition
// purpose: Read a workflow.
// parameters: name
// columns: name, created
// access: read
MATCH (w:Workflow {name: $name}) USING INDEX SEEK w:Workflow(name)
RETURN w.name AS name, w.created_at.epochMillis * 1000 + w.created_at.microsecond % 1000 AS created
