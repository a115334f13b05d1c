// name: workflows.add_run
// purpose: Add a run to a contact's own enrolment.
// parameters: contact_id, name, run
// columns: -
// access: write
MATCH (c:Contact {id: $contact_id})-[:ENROLLED]->(e:Enrolment)-[:IN]->(w:Workflow)
  USING INDEX SEEK c:Contact(id)
WHERE w.name = $name
CREATE (e)-[:RAN]->(run:Run)
SET run = $run
