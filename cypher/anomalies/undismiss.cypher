// name: anomalies.undismiss
// purpose: Take a dismissal back.
// parameters: id
// columns: id
// access: write
MATCH (d:Dismissal {finding: $id}) USING INDEX SEEK d:Dismissal(finding)
WITH d, d.finding AS id
DELETE d
RETURN id AS id
