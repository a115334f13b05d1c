// name: anomalies.analysis
// purpose: Say which analysis is the last one, what it counted, and what it had read.
// parameters: name
// columns: run, at, totals, sizes
// access: read
MATCH (a:Analysis {name: $name}) USING INDEX SEEK a:Analysis(name)
RETURN a.run AS run, a.at.epochMillis * 1000 + a.at.microsecond % 1000 AS at, a.totals AS totals, a.sizes AS sizes
