// name: privacy.clear_changes
// purpose: Empty some changes of the feed that name contacts, and forget whom watched segments held; a change keeps its place.
// parameters: ids, limit
// columns: changes
// access: write
CALL () {
  UNWIND $ids AS id
  MATCH (w:Watched {contact: id}) USING INDEX SEEK w:Watched(contact)
  DETACH DELETE w
}
CALL () {
  UNWIND $ids AS id
  MATCH (c:Change {contact: id}) USING INDEX SEEK c:Change(contact)
  WHERE c.kind <> 'erased'
  RETURN c
  UNION
  UNWIND $ids AS id
  MATCH (c:Change {other: id}) USING INDEX SEEK c:Change(other)
  WHERE c.kind <> 'erased'
  RETURN c
}
WITH c LIMIT $limit
REMOVE c._lock
WITH c
SET c = {kind: c.kind, seq: c.seq, at: c.at, fresh: c.fresh, place: c.place, emptied: true}
RETURN count(*) AS changes
