// name: anomalies.states
// purpose: Read the states of those of some findings that are not open, with what was said of them.
// parameters: ids
// columns: id, state, note, by, at
// access: read
UNWIND $ids AS id
MATCH (d:Dismissal {finding: id}) USING INDEX SEEK d:Dismissal(finding)
RETURN id, coalesce(d.state, 'dismissed') AS state, d.note AS note, d.by AS by,
  d.at.epochMillis * 1000 + d.at.microsecond % 1000 AS at
