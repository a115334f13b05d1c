// name: splits.covering
// purpose: List what must be undone before a split: unions by which some contacts were folded since, and splits of its parts.
// parameters: id, contacts
// columns: id, what
// access: read
CALL () {
  UNWIND $contacts AS contact
  MATCH path = (redirect:Redirect {id: contact})-[:TO*]->(:Contact) USING INDEX SEEK redirect:Redirect(id)
  UNWIND nodes(path)[0..-1] AS folded
  MATCH (folded)<-[:FOLDED]-(merge:Merge)
  WHERE merge.undone_at IS NULL
  RETURN merge.id AS id, 'union' AS what, merge.at AS at
  UNION
  MATCH (separation:Separation {id: $id})-[:MADE]->(part)<-[:OF]-(other:Separation)
    USING INDEX SEEK separation:Separation(id)
  WHERE other.undone_at IS NULL
  RETURN other.id AS id, 'split' AS what, other.at AS at
}
WITH DISTINCT id, what, at
ORDER BY at DESC, id DESC
RETURN id, what
