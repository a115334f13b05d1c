// name: splits.outlived
// purpose: Tell which trackers were minted for a contact for the sake of a split that was undone since.
// parameters: minted
// columns: value
// access: read
UNWIND $minted AS row
CALL (row) {
  MATCH (c:Contact {id: row.contact}) USING INDEX SEEK c:Contact(id)
  RETURN c
  UNION
  MATCH (c:Redirect {id: row.contact}) USING INDEX SEEK c:Redirect(id)
  RETURN c
}
WITH row, c
WHERE EXISTS {
  MATCH (c)<-[:OF]-(other:Separation)
  WHERE other.minted = row.value AND other.undone_at IS NOT NULL
} OR EXISTS {
  MATCH (c)<-[made:MADE]-(other:Separation)
  WHERE made.minted = row.value AND other.undone_at IS NOT NULL
}
RETURN DISTINCT row.value AS value
