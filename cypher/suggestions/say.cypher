// name: suggestions.say
// purpose: Keep what somebody said to a suggestion.
// parameters: id, contacts, state, evidence, at, by
// columns: -
// access: write
MERGE (s:Suggestion {id: $id})
SET s.state = $state, s.evidence = $evidence, s.at = $at, s.by = $by
WITH s
UNWIND $contacts AS contact
MATCH (c:Contact {id: contact}) USING INDEX SEEK c:Contact(id)
MERGE (s)-[:PAIRS]->(c)
