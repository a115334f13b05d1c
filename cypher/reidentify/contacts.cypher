// name: reidentify.contacts
// purpose: Read one page of contacts with their keys, what they were told by which message, and whether people decided about them.
// parameters: after, limit
// columns: page
// access: read
MATCH (c:Contact) USING INDEX SEEK c:Contact(id)
WHERE c.id > $after
WITH c ORDER BY c.id LIMIT $limit
RETURN collect([
  c.id,
  c.kind,
  COLLECT { MATCH (c)-[o:OWNS]->(k:Key) WHERE o.derived IS NULL RETURN [k.namespace, k.value] ORDER BY k.namespace, k.value },
  COLLECT {
    MATCH (c)<-[:TO*0..]-(holder)-[:HAS_PROPERTY|HAD_PROPERTY]->(p)
    WHERE p.message_id IS NOT NULL AND p.merge IS NULL
    RETURN [p.message_id, p.name, p.value]
  },
  COLLECT { MATCH (c)-[:HAS_PROPERTY]->(p:Property {shown: true}) WHERE p.value IS NOT NULL RETURN [p.name, p.value] },
  COLLECT {
    MATCH (c)<-[:TO*0..]-(holder)<-[:FOLDED|INTO]-(m:Merge)
    WHERE m.reidentified IS NULL AND (m.rule IS NULL OR m.undone_at IS NOT NULL)
    RETURN CASE WHEN m.undone_at IS NULL THEN 'a union by hand' ELSE 'an un-merge' END AS reason
    UNION
    MATCH (c)<-[:TO*0..]-(holder)<-[:OF|MADE]-(s:Separation)
    WHERE s.reidentified IS NULL
    RETURN 'a split' AS reason
    UNION
    MATCH (c)<-[:TO*0..]-(holder)<-[:BY_HAND_ON]-(change:KeyChange)
    WHERE change.reidentified IS NULL
    RETURN 'a key given or taken by hand' AS reason
    UNION
    MATCH (c)<-[:TO*0..]-(holder)<-[:JUDGES]-(:Judgement)
    RETURN 'a judgement' AS reason
  }
]) AS page
