// name: tenants.claim
// purpose: Tell whose graph this is, which is who claims it first.
// parameters: tenant
// columns: tenant
// access: write
MERGE (d:Deployment {name: 'kinfold'})
  ON CREATE SET d.tenant = $tenant
RETURN d.tenant AS tenant
