// name: explore.matching_people
// purpose: Find the contacts of whose keys and shown properties one holds every part of each term, and who an id leads to.
// needs: -
CALL () {
  UNWIND $searches AS search
  CALL db.index.fulltext.queryNodes(search.index, search.query) YIELD node
  MATCH (c:Contact)-[:OWNS|HAS_PROPERTY]->(node)
  WHERE (node:Key OR node.shown)
    AND ($since IS NULL OR $since <= CASE $sort WHEN 'created' THEN c.created_at ELSE coalesce(c.last_seen_at, c.created_at) END)
  WITH DISTINCT search.term AS term, c
  WITH c, count(*) AS found
  WHERE found = $terms
  RETURN c
  UNION
  MATCH (c:Contact {id: $id}) USING INDEX SEEK c:Contact(id)
  RETURN c
  UNION
  MATCH (redirect:Redirect {id: $id})-[:TO*]->(c:Contact) USING INDEX SEEK redirect:Redirect(id)
  RETURN c
}
