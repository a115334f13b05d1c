// name: privacy.export_findings
// purpose: Read the findings and clusters that name a contact or a key of it, and whether they were dismissed.
// parameters: contact_id
// columns: what, id, document, dismissed
// access: read
MATCH (c:Contact {id: $contact_id}) USING INDEX SEEK c:Contact(id)
CALL (c) {
  MATCH (c)<-[:ABOUT]-(found)
  RETURN found
  UNION
  MATCH (c)-[:OWNS]->()<-[:ABOUT]-(found)
  RETURN found
}
CALL (found) {
  OPTIONAL MATCH (d:Dismissal {finding: found.id}) USING INDEX SEEK d:Dismissal(finding)
  RETURN d IS NOT NULL AND coalesce(d.state, 'dismissed') = 'dismissed' AS dismissed
}
RETURN head(labels(found)) AS what, found.id AS id, found.document AS document, dismissed
ORDER BY what, id
