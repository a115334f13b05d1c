// name: explore.past_parts
// purpose: Read the parts of splits, undone since, whose ids lead to contacts, and to whom the ids of such parts lead.
// parameters: ids
// columns: id, whole, split, kind, created, at
// access: read
UNWIND $ids AS id
CALL (id) {
  MATCH (n:Contact {id: id}) USING INDEX SEEK n:Contact(id)
  RETURN n
  UNION
  MATCH (n:Redirect {id: id}) USING INDEX SEEK n:Redirect(id)
  RETURN n
}
MATCH (n)-[to:TO]-()
WHERE to.split IS NOT NULL
WITH DISTINCT startNode(to) AS part, endNode(to) AS whole, to
RETURN
  part.id AS id,
  whole.id AS whole,
  to.split AS split,
  part.kind AS kind,
  part.created_at.epochMillis * 1000 + part.created_at.microsecond % 1000 AS created,
  to.at.epochMillis * 1000 + to.at.microsecond % 1000 AS at
