// name: workflows.enrolments
// purpose: Read every enrolment of some contacts and of those folded into them, with the way between.
// parameters: contact_ids
// columns: contact, workflow, holder, way, statuses, status_at, runs
// access: read
UNWIND $contact_ids AS id
MATCH (c:Contact {id: id}) USING INDEX SEEK c:Contact(id)
MATCH path = (c)<-[:TO*0..]-(holder)
MATCH (holder)-[:ENROLLED]->(e:Enrolment)-[:IN]->(w:Workflow)
RETURN
  c.id AS contact,
  w.name AS workflow,
  holder.id AS holder,
  [to IN relationships(path) | [
    startNode(to).id,
    endNode(to).id,
    to.at.epochMillis * 1000 + to.at.microsecond % 1000
  ]] AS way,
  e.statuses AS statuses,
  [at IN e.status_at | at.epochMillis * 1000 + at.microsecond % 1000] AS status_at,
  COLLECT {
    MATCH (e)-[:RAN]->(r:Run)
    RETURN [
      r.node,
      r.ran_at.epochMillis * 1000 + r.ran_at.microsecond % 1000,
      r.arrived_at.epochMillis * 1000 + r.arrived_at.microsecond % 1000,
      r.fields,
      r.values
    ]
  } AS runs
