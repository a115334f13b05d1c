// name: explore.splits
// purpose: Read the splits of a contact and of those folded into it, and those that made them, with the keys that each part got.
// parameters: contact_id
// columns: id, contact, parts, at, undone
// access: read
MATCH (c:Contact {id: $contact_id})<-[:TO*0..]-(holder) USING INDEX SEEK c:Contact(id)
MATCH (holder)<-[:OF|MADE]-(separation:Separation)
WITH DISTINCT separation
MATCH (separation)-[:OF]->(whole)
RETURN
  separation.id AS id,
  whole.id AS contact,
  COLLECT {
    MATCH (separation)-[made:MADE]->(part)
    RETURN [
      part.id,
      COLLECT {
        MATCH (separation)-[took:TOOK]->(k:Key)
        WHERE took.part = made.part
        RETURN k.namespace + ' ' + k.value ORDER BY k.namespace, k.value
      }
    ]
    ORDER BY made.part
  } AS parts,
  separation.at.epochMillis * 1000 + separation.at.microsecond % 1000 AS at,
  separation.undone_at.epochMillis * 1000 + separation.undone_at.microsecond % 1000 AS undone
