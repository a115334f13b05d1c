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
WITH
  c,
  c.id AS id,
    // insert: explore.place_of_person
    AS place
WHERE place < $place OR (place = $place AND id > $after)
WITH c, id, place ORDER BY place DESC, id
CALL (c) {
  WITH c, {names: $names, events: $events, leaves: $leaves, nodes: $nodes} AS program
  // insert: segments.truths
  RETURN reduce(known = truths, node IN program.nodes | known + [
    // insert: segments.connective
    ])[-1] AS member
}
WITH id, place, member WHERE member
RETURN id, place
ORDER BY place DESC, id
LIMIT $limit
