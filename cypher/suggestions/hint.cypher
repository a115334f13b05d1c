// name: suggestions.hint
// purpose: Remember that an event said that two contacts are one person, where it might not fold them.
// parameters: pairs
// columns: -
// access: write
UNWIND $pairs AS pair
MATCH (one:Contact {id: pair[0]}) USING INDEX SEEK one:Contact(id)
MATCH (other:Contact {id: pair[1]}) USING INDEX SEEK other:Contact(id)
MERGE (one)-[:MAY_BE]->(other)
