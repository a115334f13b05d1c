// name: audit.page_of
// purpose: Read one page of what the audit says of a contact, by every id that it had, newest first.
// parameters: contact, by, what, from, until, before, before_id, limit
// columns: entry
// access: read
CALL () {
  RETURN $contact AS id
  UNION
  MATCH (asked:Contact {id: $contact}) USING INDEX SEEK asked:Contact(id)
  MATCH (asked)<-[:TO*]-(folded)
  RETURN folded.id AS id
  UNION
  MATCH (asked:Redirect {id: $contact}) USING INDEX SEEK asked:Redirect(id)
  MATCH (asked)-[:TO*]->(living:Contact)<-[:TO*0..]-(one)
  RETURN one.id AS id
}
CALL (id) {
  MATCH (e:AuditEntry {contact: id}) USING INDEX SEEK e:AuditEntry(contact)
  RETURN e
  UNION
  MATCH (e:AuditEntry {other: id}) USING INDEX SEEK e:AuditEntry(other)
  RETURN e
}
WITH DISTINCT e
WHERE
  e.at >= $from AND e.at <= $until
  AND (e.at < $before OR (e.at = $before AND e.id < $before_id))
  AND ($by = '' OR e.by = $by)
  AND ($what = '' OR e.what = $what)
WITH e ORDER BY e.at DESC, e.id DESC LIMIT $limit
RETURN e {.*} AS entry
ORDER BY entry.at DESC, entry.id DESC
