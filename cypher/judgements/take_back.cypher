// name: judgements.take_back
// purpose: Delete one judgement, under the locks of those whom it is about.
// parameters: id
// columns: -
// access: write
MATCH (judgement:Judgement {id: $id}) USING INDEX SEEK judgement:Judgement(id)
CALL (judgement) {
  MATCH (judgement)-[:JUDGES]->(judged)
  WITH DISTINCT judged
  ORDER BY judged.id
  REMOVE judged._lock
}
DETACH DELETE judgement
