// name: loads.forget
// purpose: Take the records away of how far the parts of a load are: their names begin with that of the load.
// parameters: beginning
// columns: -
// access: write
MATCH (l:Load) USING INDEX SEEK l:Load(id)
WHERE l.id STARTS WITH $beginning
DELETE l
