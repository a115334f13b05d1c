// name: explore.people_in
// purpose: Read one page of the contacts that meet a condition now, after the place where the last page ended.
// parameters: kind, has, listed, since, sort, sign, place, after, limit, now, names, events, leaves, nodes, did
// columns: id, place
// access: read
MATCH (c:Contact)
WHERE
  // insert: segments.did_one
  AND
  // insert: explore.wanted_person
// insert: explore.people_after
WITH c, id, place ORDER BY place DESC, id
// insert: segments.member
WITH id, place, member WHERE member
RETURN id, place
ORDER BY place DESC, id
LIMIT $limit
