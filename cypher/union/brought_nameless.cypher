// name: union.brought_nameless
// purpose: List the unions into a contact that stand and brought one that is known without a person key.
// parameters: contact_id
// columns: merge
// access: read
MATCH (c:Contact {id: $contact_id})<-[:INTO]-(merge:Merge)-[:FOLDED]->(folded) USING INDEX SEEK c:Contact(id)
WHERE merge.undone_at IS NULL AND folded.nameless
RETURN merge.id AS merge
