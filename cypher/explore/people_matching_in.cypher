// name: explore.people_matching_in
// purpose: Read one page of the contacts that words lead to and that meet a condition now, after the place where the last page ended.
// parameters: searches, terms, id, kind, has, listed, since, sort, sign, place, after, limit, now, names, events, leaves, nodes, did
// columns: id, place
// access: read
// insert: explore.matching_people
WITH c
WHERE
  // insert: segments.did_one
  AND
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
