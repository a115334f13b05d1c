// name: explore.people_who_did
// purpose: Read one page of the contacts that meet a condition now, from those on who did one of its events.
// parameters: kind, has, listed, since, sort, sign, place, after, limit, now, names, events, leaves, nodes, did
// columns: id, place
// access: read
MATCH (a:Activity)-[:ON]->(t) USING SCAN a:Activity
WHERE a.event IN $did
WITH DISTINCT t
MATCH (t)<-[:HAS]-(c:Contact)
WITH DISTINCT c
WHERE
  // insert: explore.wanted_person
// insert: explore.people_after
WITH c, id, place ORDER BY place DESC, id
// insert: segments.member
WITH id, place, member WHERE member
RETURN id, place
ORDER BY place DESC, id
LIMIT $limit
