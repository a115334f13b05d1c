// name: workflows.enrol
// purpose: Give a contact its own enrolment in a workflow, under the contact's lock.
// parameters: contact_id, name, id
// columns: enrolment
// access: write
MATCH (w:Workflow {name: $name}) USING INDEX SEEK w:Workflow(name)
MATCH (c:Contact {id: $contact_id}) USING INDEX SEEK c:Contact(id)
REMOVE c._lock
WITH c, w WHERE c:Contact
CALL (c, w) {
  OPTIONAL MATCH (c)-[:ENROLLED]->(e:Enrolment)-[:IN]->(w)
  WITH e WHERE e IS NULL
  CREATE (c)-[:ENROLLED]->(new:Enrolment {id: $id, statuses: [], status_at: []})-[:IN]->(w)
}
MATCH (c)-[:ENROLLED]->(enrolment:Enrolment)-[:IN]->(w)
RETURN enrolment.id AS enrolment
