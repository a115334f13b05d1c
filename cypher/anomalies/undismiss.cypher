// name: anomalies.undismiss
// purpose: Take a dismissal back, under its lock.
// parameters: id
// columns: id
// access: write
MATCH (d:Dismissal {finding: $id}) USING INDEX SEEK d:Dismissal(finding)
REMOVE d._lock
WITH d, d.finding AS id WHERE d:Dismissal
DELETE d
RETURN id AS id
