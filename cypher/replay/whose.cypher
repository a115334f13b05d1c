// name: replay.whose
// purpose: Read one page of activity, by message id, with the contact that has it now.
// parameters: after, limit
// columns: message_id, contact
// access: read
MATCH (a:Activity) USING INDEX SEEK a:Activity(message_id)
WHERE a.message_id > $after
WITH a ORDER BY a.message_id LIMIT $limit
MATCH (a)-[:ON]->(:Timeline)<-[:HAS]-(c:Contact)
RETURN a.message_id AS message_id, c.id AS contact
ORDER BY message_id
