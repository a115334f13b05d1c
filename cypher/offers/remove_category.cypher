// name: offers.remove_category
// purpose: Remove a category on which nothing hangs.
// parameters: environment, name
// columns: -
// access: write
MATCH (c:Category {environment: $environment, path: $name}) USING INDEX SEEK c:Category(environment, path)
DETACH DELETE c
