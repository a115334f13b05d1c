// name: workflows.enrolments
// purpose: Read every enrolment of some contacts and of those folded into them, with the way between.
// parameters: contact_ids
// columns: contact, workflow, holder, way, statuses, status_at, runs
// access: read
UNWIND $contact_ids AS id
MATCH (c:Contact {id: id}) USING INDEX c:Contact(id)
MATCH path = (c)<-[:TO*0..]-(holder)
MATCH (holder)-[:ENROLLED]->(e:Enrolment)-[:IN]->(w:Workflow)
RETURN
  c.id AS contact,
  w.name AS workflow,
  holder.id AS holder,
  [to IN relationships(path) | [
    startNode(to).id,
    endNode(to).id,
    to.at.epochSeconds * 1000000 + to.at.microsecond
  ]] AS way,
  e.statuses AS statuses,
  [at IN e.status_at | at.epochSeconds * 1000000 + at.microsecond] AS status_at,
  COLLECT {
    MATCH (e)-[:RAN]->(r:Run)
    RETURN [
      r.node,
      r.ran_at.epochSeconds * 1000000 + r.ran_at.microsecond,
      r.arrived_at.epochSeconds * 1000000 + r.arrived_at.microsecond,
      r.fields,
      r.values
    ]
  } AS runs
