// name: explore.wanted_person
// purpose: Tell whether a contact is of a kind, has a key of a namespace, and is listed in a static segment, where asked.
// needs: c
($kind = '' OR c.kind = $kind)
  AND ($has = '' OR EXISTS { (c)-[:OWNS]->(:Key {namespace: $has}) })
  AND ($listed = '' OR EXISTS { (c)-[:LISTED_IN]->(:Segment {name: $listed}) })
