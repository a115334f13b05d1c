// name: anomalies.undone
// purpose: Tell which of some unions were taken back.
// parameters: merges
// columns: id
// access: read
UNWIND $merges AS id
MATCH (m:Merge {id: id}) USING INDEX SEEK m:Merge(id)
WHERE m.undone_at IS NOT NULL
RETURN m.id AS id
