// name: offers.remove_space
// purpose: Remove a space on which nothing hangs; one that was asked stays beside the catalogue, for the propositions that name it.
// parameters: environment, name
// columns: -
// access: write
MATCH (s:Space {environment: $environment, name: $name}) USING INDEX SEEK s:Space(environment, name)
WITH s, EXISTS { (s)<-[:ASKED_AT|ANSWERED_BY]-() } AS remembered
CALL (s, remembered) {
  WITH s, remembered
  WHERE remembered
  MATCH (s)-[old:PART_OF|FALLS_BACK_TO]->()
  DELETE old
}
CALL (s, remembered) {
  WITH s, remembered
  WHERE NOT remembered
  DETACH DELETE s
}
