// name: offers.version
// purpose: Read the version of the catalogue.
// parameters: -
// columns: version
// access: read
OPTIONAL MATCH (catalogue:Catalogue {name: 'catalogue'}) USING INDEX SEEK catalogue:Catalogue(name)
RETURN coalesce(catalogue.version, '') AS version
