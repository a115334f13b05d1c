// name: workflows.definitions
// purpose: List every workflow, by name, with how many contacts were enrolled in it, folded ones too.
// parameters: -
// columns: name, created, enrolments
// access: read
MATCH (w:Workflow)
RETURN
  w.name AS name,
  w.created_at.epochMillis * 1000 + w.created_at.microsecond % 1000 AS created,
  COUNT { (w)<-[:IN]-(:Enrolment) } AS enrolments
ORDER BY name
