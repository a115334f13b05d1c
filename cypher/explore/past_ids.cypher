// name: explore.past_ids
// purpose: Read one page of the ids of contacts, folded ones among them, that had been made by a time.
// parameters: after, at, limit
// columns: id
// access: read
CALL () {
  MATCH (c:Contact) USING INDEX SEEK c:Contact(id)
  WHERE c.id > $after AND c.created_at <= $at
  RETURN c.id AS id
  ORDER BY id
  LIMIT $limit
  UNION
  MATCH (r:Redirect) USING INDEX SEEK r:Redirect(id)
  WHERE r.id > $after AND r.created_at <= $at
  RETURN r.id AS id
  ORDER BY id
  LIMIT $limit
}
RETURN id
ORDER BY id
LIMIT $limit
