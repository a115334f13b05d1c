// name: offers.proposed
// purpose: Tell whether an offer was ever proposed.
// parameters: environment, name
// columns: proposed
// access: read
OPTIONAL MATCH (o:Offer {environment: $environment, name: $name}) USING INDEX SEEK o:Offer(environment, name)
RETURN EXISTS { (o)<-[:PROPOSED]-() } AS proposed
