// name: offers.record
// purpose: Make a proposition of the activity that a call left: what was proposed, where, and whose visitor it was; answering_space is null where the space that was asked answered.
// parameters: id, environment, answering_space, asked_environment, asked_space, identification, fell_back, offers, folder
// columns: -
// access: write
// plan: kept
MATCH (a:Activity {message_id: $id})-[:ON]->(period:Timeline) USING INDEX SEEK a:Activity(message_id)
SET a:Proposition, a.identification = $identification, a.fell_back = $fell_back
CREATE (a)-[:PROPOSED_ON {at: a.received_at, environment: $environment}]->(period)
WITH a, period
CALL (a) {
  MATCH (s:Space {environment: $asked_environment, name: $asked_space}) USING INDEX SEEK s:Space(environment, name)
  CREATE (a)-[:ASKED_AT]->(s)
}
CALL (a) {
  MATCH (s:Space {environment: $environment, name: $answering_space}) USING INDEX SEEK s:Space(environment, name)
  CREATE (a)-[:ANSWERED_BY]->(s)
}
CALL (a) {
  UNWIND $offers AS row
  MATCH (o:Offer {environment: $environment, name: row.name}) USING INDEX SEEK o:Offer(environment, name)
  CREATE (a)-[:PROPOSED {position: row.position, weight: row.weight}]->(o)
}
CALL (period, a) {
  MATCH (f:Folder {name: $folder}) USING INDEX SEEK f:Folder(name)
  MERGE (period)-[visited:VISITED]->(f)
    ON CREATE SET visited.since = a.received_at
  SET visited.last_at = a.received_at
}
