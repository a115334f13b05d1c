// name: anomalies.forget
// purpose: Delete some findings of a run, by their ids.
// parameters: run, ids
// columns: -
// access: write
UNWIND $ids AS id
MATCH (f:Finding {id: id, run: $run}) USING INDEX SEEK f:Finding(id, run)
DETACH DELETE f
