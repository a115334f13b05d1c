// name: explore.past_listed
// purpose: Read who is on the lists of static segments now, those that were folded since among them.
// parameters: names
// columns: segment, contact
// access: read
UNWIND $names AS name
MATCH (s:Segment {name: name})<-[:LISTED_IN]-(n) USING INDEX SEEK s:Segment(name)
RETURN s.name AS segment, n.id AS contact
