// name: offers.catalogue
// purpose: Read every definition of the catalogue, and of the segments that its conditions may name.
// parameters: -
// columns: version, environments, rules, categories, spaces, offers, segments
// access: read
CALL () {
  OPTIONAL MATCH (c:Catalogue {name: 'catalogue'}) USING INDEX SEEK c:Catalogue(name)
  RETURN coalesce(c.version, '') AS version
}
CALL () {
  MATCH (e:Environment) USING INDEX SEEK e:Environment(name)
  WHERE e.name > ''
  RETURN collect(e) AS all_environments
}
RETURN
  version,
  [e IN all_environments | [e.name, e.definition]] AS environments,
  COLLECT { UNWIND all_environments AS e MATCH (e)<-[:PART_OF]-(n:TypologyRule) RETURN [n.environment, n.name, n.definition] } AS rules,
  COLLECT { UNWIND all_environments AS e MATCH (e)<-[:PART_OF]-(n:Category) RETURN [n.environment, n.path, n.definition] } AS categories,
  COLLECT { UNWIND all_environments AS e MATCH (e)<-[:PART_OF]-(n:Space) RETURN [n.environment, n.name, n.definition] } AS spaces,
  COLLECT { UNWIND all_environments AS e MATCH (e)<-[:PART_OF]-(n:Offer) RETURN [n.environment, n.name, n.definition] } AS offers,
  COLLECT {
    MATCH (s:Segment) USING INDEX SEEK s:Segment(name)
    WHERE s.name > ''
    RETURN [s.name, s.kind, s.where]
  } AS segments
