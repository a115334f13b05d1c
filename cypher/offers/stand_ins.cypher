// name: offers.stand_ins
// purpose: Find the visitors that own one of these trackers and nothing else.
// parameters: trackers
// columns: contact, tracker
// access: read
UNWIND $trackers AS value
MATCH (k:Tracker {value: value}) USING INDEX SEEK k:Tracker(value)
MATCH (k)<-[:OWNS]-(c:Contact {kind: 'anonymous'})
WHERE NOT EXISTS {
  MATCH (c)-[:OWNS]->(other)
  WHERE NOT (other:Tracker AND other.value IN $trackers)
}
RETURN c.id AS contact, k.value AS tracker
ORDER BY contact, tracker
