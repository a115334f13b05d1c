// name: workflows.set_status
// purpose: Add a status to a contact's own enrolment.
// parameters: contact_id, name, status, at
// columns: -
// access: write
MATCH (c:Contact {id: $contact_id})-[:ENROLLED]->(e:Enrolment)-[:IN]->(w:Workflow)
  USING INDEX SEEK c:Contact(id)
WHERE w.name = $name
SET e.statuses = e.statuses + $status, e.status_at = e.status_at + $at
