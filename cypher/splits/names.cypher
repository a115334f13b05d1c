// name: splits.names
// purpose: Read what bears on whether a contact is known without a person key once the parts of a split are its own again.
// parameters: contacts
// columns: unions, losses
// access: read
CALL () {
  UNWIND $contacts AS contact
  MATCH (c:Contact {id: contact})<-[:INTO]-(merge:Merge)-[:FOLDED]->(folded) USING INDEX SEEK c:Contact(id)
  WHERE merge.undone_at IS NULL
  RETURN collect([
    merge.id,
    coalesce(folded.nameless, false),
    merge.at.epochMillis * 1000 + merge.at.microsecond % 1000
  ]) AS unions
}
CALL () {
  UNWIND $contacts AS contact
  MATCH (c:Contact {id: contact})-[:LOST_NAME]->(loss:NameLoss) USING INDEX SEEK c:Contact(id)
  RETURN collect([
    c.id,
    loss.came_by,
    loss.left_by,
    loss.outlived,
    coalesce(loss.at.epochMillis * 1000 + loss.at.microsecond % 1000, 0),
    loss.split
  ]) AS losses
}
RETURN unions, losses
