// name: privacy.clear_record
// purpose: Delete property entries, enrolments with their runs, and places on lists of those who are being erased.
// parameters: erasure
// columns: properties, enrolments, runs, lists
// access: write
MATCH (erasure:Erasure {id: $erasure}) USING INDEX SEEK erasure:Erasure(id)
WITH
  COLLECT { MATCH (erasure)-[:ERASES]->(:Erased)-[:HAS_PROPERTY|HAD_PROPERTY]->(p) RETURN p } AS entries,
  COLLECT { MATCH (erasure)-[:ERASES]->(:Erased)-[:ENROLLED]->(e:Enrolment) RETURN e } AS enrolled,
  COLLECT { MATCH (erasure)-[:ERASES]->(:Erased)-[:ENROLLED]->(:Enrolment)-[:RAN]->(r:Run) RETURN r } AS ran,
  COLLECT { MATCH (erasure)-[:ERASES]->(:Erased)-[listed:LISTED_IN]->(:Segment) RETURN listed } AS listings
WITH *, size(entries) AS properties, size(enrolled) AS enrolments, size(ran) AS runs, size(listings) AS lists
FOREACH (p IN entries | DETACH DELETE p)
FOREACH (r IN ran | DETACH DELETE r)
FOREACH (e IN enrolled | DETACH DELETE e)
FOREACH (listed IN listings | DELETE listed)
RETURN properties, enrolments, runs, lists
