// name: explore.place_of_person
// purpose: Tell where a contact stands in a list, as a number: the list begins with the greatest.
// needs: c
$sign * CASE $sort
  WHEN 'created' THEN c.created_at.epochMillis * 1000 + c.created_at.microsecond % 1000
  WHEN 'keys' THEN COUNT { (c)-[:OWNS]->() }
  WHEN 'unions' THEN CASE WHEN EXISTS { (c)<-[:TO]-() } THEN COUNT { (c)<-[:TO*]-() } ELSE 0 END
  ELSE coalesce(c.last_seen_at, c.created_at).epochMillis * 1000 + coalesce(c.last_seen_at, c.created_at).microsecond % 1000 END
