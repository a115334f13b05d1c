// name: database.receipt
// purpose: Leave a receipt of a write in its transaction, or find the one that an earlier attempt left; delete those that are settled, and some that are old.
// parameters: id, attempt, at, settled, before
// columns: attempt
// access: write
CALL () {
  UNWIND $settled AS id
  MATCH (settled:Receipt {id: id}) USING INDEX SEEK settled:Receipt(id)
  DELETE settled
}
CALL () {
  MATCH (old:Receipt) USING INDEX SEEK old:Receipt(at)
  WHERE old.at < $before
  WITH old ORDER BY old.at LIMIT 10
  DELETE old
}
MERGE (receipt:Receipt {id: $id})
  ON CREATE SET receipt.at = $at, receipt.attempt = $attempt
RETURN receipt.attempt AS attempt
