// name: workflows.add_run
// purpose: Add a run to a contact's own enrolment.
// parameters: contact_id, name, run
// columns: -
// access: write
MATCH (:Contact {id: $contact_id})-[:ENROLLED]->(e:Enrolment)-[:IN]->(:Workflow {name: $name})
CREATE (e)-[:RAN]->(run:Run)
SET run = $run
