// name: splits.page
// purpose: List splits, newest first, after the place where the last page ended; of one contact where it is named.
// parameters: contact_id, before, before_id, limit
// columns: id, at
// access: read
CALL () {
  MATCH (separation:Separation) USING INDEX SEEK separation:Separation(at)
  WHERE $contact_id IS NULL AND separation.at <= $before
  RETURN separation
  UNION
  MATCH (c:Contact {id: $contact_id})<-[:TO*0..]-(holder)<-[:OF|MADE]-(separation:Separation)
    USING INDEX SEEK c:Contact(id)
  RETURN separation
}
WITH DISTINCT separation
WHERE separation.at <= $before AND (separation.at < $before OR separation.id < $before_id)
RETURN
  separation.id AS id,
  separation.at.epochMillis * 1000 + separation.at.microsecond % 1000 AS at
ORDER BY at DESC, id DESC
LIMIT $limit
