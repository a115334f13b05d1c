// name: explore.wanted_person
// purpose: Tell whether a contact was seen or made since a time, is of a kind, has a key of a namespace, and is listed in a static segment, where asked.
// needs: c
($since IS NULL OR $since <= CASE $sort WHEN 'created' THEN c.created_at ELSE coalesce(c.last_seen_at, c.created_at) END)
  AND ($kind = '' OR c.kind = $kind)
  AND ($has = '' OR EXISTS { (c)-[:OWNS]->(:Key {namespace: $has}) })
  AND ($listed = '' OR EXISTS { (c)-[:LISTED_IN]->(:Segment {name: $listed}) })
