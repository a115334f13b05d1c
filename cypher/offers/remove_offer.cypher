// name: offers.remove_offer
// purpose: Remove an offer that was never proposed.
// parameters: environment, name
// columns: -
// access: write
MATCH (o:Offer {environment: $environment, name: $name}) USING INDEX SEEK o:Offer(environment, name)
DETACH DELETE o
