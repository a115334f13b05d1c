// name: union.redirect
// purpose: Delete folded contacts: what is left of each is its id, leading to the survivor, and its frozen state.
// parameters: folds
// columns: -
// access: write
// plan: kept
UNWIND $folds AS row
CALL (row) {
  MATCH (source:Contact {id: row.source}) USING INDEX SEEK source:Contact(id)
  OPTIONAL MATCH (target:Contact {id: row.target}) USING INDEX SEEK target:Contact(id)
  OPTIONAL MATCH (folded:Redirect {id: row.target}) USING INDEX SEEK folded:Redirect(id)
  WITH source, coalesce(target, folded) AS into
  REMOVE source:Contact
  SET source:Redirect
  CREATE (source)-[:TO {at: datetime({epochSeconds: row.at[0], nanosecond: row.at[1]})}]->(into)
}
