// name: union.restore
// purpose: Bring folded contacts back and note their unions as undone.
// parameters: undone
// columns: -
// access: write
// plan: kept
UNWIND $undone AS row
CALL (row) {
  MATCH (merge:Merge {id: row.merge}) USING INDEX SEEK merge:Merge(id)
  MATCH (c:Redirect {id: row.contact})-[to:TO]->() USING INDEX SEEK c:Redirect(id)
  SET merge.undone_at = datetime({epochSeconds: row.at[0], nanosecond: row.at[1]})
  DELETE to
  REMOVE c:Redirect
  SET c:Contact
}
CALL (row) {
  MATCH (merge:Merge {id: row.merge})-[:INTO]->(survivor)-[listed:LISTED_IN]->(:Segment)
    USING INDEX SEEK merge:Merge(id)
  WHERE listed.merge = row.merge
  DELETE listed
}
CALL (row) {
  UNWIND row.heirs AS heir
  MATCH (merge:Merge {id: heir.merge}) USING INDEX SEEK merge:Merge(id)
  MATCH (subscription:Key {namespace: heir.namespace, value: heir.value}) USING INDEX SEEK subscription:Key(namespace, value)
  MATCH (merge)-[moved:MOVED]->(subscription)
  REMOVE moved.kept_since
}
