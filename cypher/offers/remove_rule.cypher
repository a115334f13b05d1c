// name: offers.remove_rule
// purpose: Remove a typology rule that nothing names.
// parameters: environment, name
// columns: -
// access: write
MATCH (r:TypologyRule {environment: $environment, name: $name}) USING INDEX SEEK r:TypologyRule(environment, name)
DETACH DELETE r
