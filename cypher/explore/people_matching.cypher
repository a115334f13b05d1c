// name: explore.people_matching
// purpose: Read one page of the contacts that words lead to, after the place where the last page ended.
// parameters: searches, terms, id, kind, has, listed, since, sort, sign, place, after, limit
// columns: id, place
// access: read
// insert: explore.matching_people
WITH c
WHERE
  // insert: explore.wanted_person
WITH
  c,
  c.id AS id,
    // insert: explore.place_of_person
    AS place
WHERE place < $place OR (place = $place AND id > $after)
RETURN id, place
ORDER BY place DESC, id
LIMIT $limit
