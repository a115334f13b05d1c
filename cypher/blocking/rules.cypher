// name: blocking.rules
// purpose: List what operators block and let through, beside the built-in list; namespace is empty where a rule is for every key.
// parameters: -
// columns: kind, namespace, value, at
// access: read
MATCH (r:BlockRule)
WHERE r.namespace >= ''
RETURN r.kind AS kind, r.namespace AS namespace, r.value AS value, r.at.epochMillis * 1000 + r.at.microsecond % 1000 AS at
ORDER BY kind, value, namespace
