// name: suggestions.states
// purpose: Read what people said to suggestions, and which pairs of contacts they judged to be apart.
// parameters: -
// columns: said, apart
// access: read
RETURN
  COLLECT {
    MATCH (s:Suggestion)
    RETURN {id: s.id, state: s.state, evidence: s.evidence, at: s.at.epochMillis * 1000 + s.at.microsecond % 1000}
  } AS said,
  COLLECT {
    MATCH (one:Contact)<-[:TO*0..]-()<-[mine:ABOUT]-(:Judgement)-[theirs:ABOUT]->()-[:TO*0..]->(other:Contact)
    WHERE mine.side < theirs.side AND one <> other
    RETURN DISTINCT [one.id, other.id]
  } AS apart
