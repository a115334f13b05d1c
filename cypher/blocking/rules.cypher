// name: blocking.rules
// purpose: List what operators block and let through, beside the built-in list.
// parameters: -
// columns: kind, value, at
// access: read
MATCH (r:BlockRule)
WHERE r.kind > ''
RETURN r.kind AS kind, r.value AS value, r.at.epochSeconds * 1000000 + r.at.microsecond AS at
ORDER BY kind, value
