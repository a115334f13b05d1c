// name: blocking.rules
// purpose: List what operators block and let through, beside the built-in list.
// parameters: -
// columns: kind, value, at
// access: read
MATCH (r:BlockRule)
WHERE r.kind > ''
RETURN r.kind AS kind, r.value AS value, r.at.epochMillis * 1000 + r.at.microsecond % 1000 AS at
ORDER BY kind, value
