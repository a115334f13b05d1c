// name: union.covering
// purpose: List the unions by which an entry's survivor was folded since, the latest first.
// parameters: merge_id
// columns: id
// access: read
MATCH (entry:Merge {id: $merge_id})-[:INTO]->(survivor) USING INDEX SEEK entry:Merge(id)
MATCH path = (survivor)-[:TO*]->(:Contact)
UNWIND nodes(path)[0..-1] AS folded
MATCH (folded)<-[:FOLDED]-(m:Merge)
WHERE m.undone_at IS NULL
RETURN m.id AS id
ORDER BY m.at DESC, m.id DESC
