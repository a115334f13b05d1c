// name: suggestions.states
// purpose: Read what people said to suggestions, and which pairs of contacts they judged to be apart.
// parameters: -
// columns: said, apart
// access: read
RETURN
  COLLECT {
    MATCH (s:Suggestion) USING SCAN s:Suggestion
    RETURN {id: s.id, state: s.state, evidence: s.evidence, at: s.at.epochMillis * 1000 + s.at.microsecond % 1000}
  } AS said,
  COLLECT {
    MATCH (judgement:Judgement) USING SCAN judgement:Judgement
    MATCH (judgement)-[:JUDGES {side: 0}]->(first)
    MATCH (judgement)-[:JUDGES {side: 1}]->(second)
    MATCH (first)-[:TO*0..]->(one:Contact)
    MATCH (second)-[:TO*0..]->(other:Contact)
    WHERE one <> other
    RETURN DISTINCT [one.id, other.id]
  } AS apart
