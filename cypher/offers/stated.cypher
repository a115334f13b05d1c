// name: offers.stated
// purpose: Read what a browser itself said of its visitor, by its own activity on its cookies: of each property named the newest value, as JSON.
// parameters: cookies, names
// columns: name, value
// access: read
// plan: kept
UNWIND $cookies AS value
MATCH (cookie:Tracker {value: value})<-[:OF|WAS_OF]-()<-[:ON]-(a) USING INDEX SEEK cookie:Tracker(value)
WHERE a.stated_names IS NOT NULL AND
  // insert: offers.own_activity
UNWIND range(0, size(a.stated_names) - 1) AS at
WITH a, at, a.stated_names[at] AS name
WHERE name IN $names
WITH name, a.stated_values[at] AS value
ORDER BY a.occurred_at DESC, a.received_at DESC
RETURN name, head(collect(value)) AS value
