// name: offers.lock
// purpose: Let one change of the catalogue happen at a time, and give it its version.
// parameters: version
// columns: -
// access: write
MERGE (c:Catalogue {name: 'catalogue'})
SET c.version = $version
