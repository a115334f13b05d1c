// name: explore.people_listed
// purpose: Read one page of the contacts that are listed in a static segment, after the place where the last page ended.
// parameters: kind, has, listed, since, sort, sign, place, after, limit
// columns: id, place
// access: read
MATCH (s:Segment {name: $listed}) USING INDEX SEEK s:Segment(name)
MATCH (s)<-[:LISTED_IN]-(c:Contact)
WITH DISTINCT c
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
