// name: explore.people
// purpose: Read one page of contacts, after the place where the last page ended.
// parameters: kind, has, listed, since, sort, sign, place, after, limit
// columns: id, place
// access: read
MATCH (c:Contact)
WHERE
  // insert: explore.wanted_person
// insert: explore.people_after
RETURN id, place
ORDER BY place DESC, id
LIMIT $limit
