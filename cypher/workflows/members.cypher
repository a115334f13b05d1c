// name: workflows.members
// purpose: Read one page of the contacts in a workflow, by themselves or by what was folded into them, in the order of their ids.
// parameters: name, after, limit
// columns: id, kind
// access: read
MATCH (w:Workflow {name: $name})<-[:IN]-(:Enrolment)<-[:ENROLLED]-(holder) USING INDEX SEEK w:Workflow(name)
MATCH (holder)-[:TO*0..]->(c:Contact)
WITH DISTINCT c
WHERE c.id > $after
RETURN c.id AS id, c.kind AS kind
ORDER BY id
LIMIT $limit
