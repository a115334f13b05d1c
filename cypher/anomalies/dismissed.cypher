// name: anomalies.dismissed
// purpose: Tell which of some findings were dismissed.
// parameters: ids
// columns: id
// access: read
UNWIND $ids AS id
MATCH (d:Dismissal {finding: id}) USING INDEX SEEK d:Dismissal(finding)
RETURN id
