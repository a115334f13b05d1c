// name: explore.events_of_days
// purpose: Count the events that arrived in a time, by day since 1970 and by the rule that resolved them.
// parameters: since, until
// columns: day, rule, events
// access: read
MATCH (a:Activity) USING INDEX a:Activity(received_at, rule)
WHERE a.received_at >= $since AND a.received_at < $until AND a.rule IS NOT NULL
RETURN a.received_at.epochSeconds / 86400 AS day, a.rule AS rule, count(*) AS events
