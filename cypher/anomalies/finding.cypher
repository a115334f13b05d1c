// name: anomalies.finding
// purpose: Read one finding of a run.
// parameters: run, id
// columns: document
// access: read
MATCH (f:Finding {id: $id, run: $run}) USING INDEX SEEK f:Finding(id, run)
RETURN f.document AS document
