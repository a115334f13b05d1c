// name: privacy.erasures
// purpose: Say how many erasures were begun and how many of them go on; while neither changes, nobody was erased.
// parameters: -
// columns: begun, pending
// access: read
RETURN
  COUNT { MATCH (:Erasure) } AS begun,
  COUNT { MATCH (erasure:Erasure {pending: true}) USING INDEX SEEK erasure:Erasure(pending) } AS pending
