// name: analysis.contacts
// purpose: Read one page of contacts, by id, with their keys; a subscription says whether others own it too.
// parameters: after, limit
// columns: id, known, keys
// access: read
MATCH (c:Contact) USING INDEX SEEK c:Contact(id)
WHERE c.id > $after
WITH c ORDER BY c.id LIMIT $limit
RETURN
  c.id AS id,
  c.kind = 'known' AS known,
  COLLECT {
    MATCH (c)-[o:OWNS]->(k)
    RETURN [
      CASE
        WHEN k:Tracker THEN 0
        WHEN k:Email THEN 1
        WHEN k:UserId THEN 2
        WHEN COUNT { (k)<-[:OWNS]-() } > 1 THEN 4
        ELSE 3 END,
      k.value,
      o.since.epochMillis
    ]
  } AS keys
ORDER BY id
