// name: offers.remove_environment
// purpose: Remove an environment with nothing in it, and its visitors folder.
// parameters: environment, name
// columns: -
// access: write
MATCH (e:Environment {name: $environment}) USING INDEX SEEK e:Environment(name)
WHERE e.name = $name
OPTIONAL MATCH (e)-[:KEEPS_VISITORS_IN]->(f:Folder)
DETACH DELETE e, f
