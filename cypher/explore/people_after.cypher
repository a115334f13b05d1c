// name: explore.people_after
// purpose: Go on with c, id and place of the contacts that come after the place where the last page ended.
// needs: c
WITH
  c,
  c.id AS id,
    // insert: explore.place_of_person
    AS place
WHERE place < $place OR (place = $place AND id > $after)
