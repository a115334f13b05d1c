// name: splits.covering
// purpose: List what must be undone before a split: unions by which some contacts were folded since, and splits of its parts.
// parameters: id, contacts
// columns: id, what
// access: read
CALL () {
  UNWIND $contacts AS contact
  MATCH path = (:Redirect {id: contact})-[:TO*]->(:Contact)
  UNWIND nodes(path)[0..-1] AS folded
  MATCH (folded)<-[:FOLDED]-(merge:Merge)
  WHERE merge.undone_at IS NULL
  RETURN merge.id AS id, 'union' AS what, merge.at AS at
  UNION
  MATCH (:Separation {id: $id})-[:MADE]->(part)<-[:OF]-(other:Separation)
  WHERE other.undone_at IS NULL
  RETURN other.id AS id, 'split' AS what, other.at AS at
}
WITH DISTINCT id, what, at
ORDER BY at DESC, id DESC
RETURN id, what
