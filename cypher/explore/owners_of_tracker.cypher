// name: explore.owners_of_tracker
// purpose: List who owns this key: known first, then most recently seen, then smallest id.
// parameters: value
// columns: id
// access: read
MATCH (tracker0:Tracker {value: $value})<-[:OWNS]-(c:Contact) USING INDEX SEEK tracker0:Tracker(value)
RETURN c.id AS id
ORDER BY c.kind = 'anonymous', c.last_seen_at DESC, c.id
