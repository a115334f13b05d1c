// name: analysis.sizes
// purpose: Count, from the store's own counters, what an analysis would read.
// parameters: -
// columns: contacts, redirects, owned, activities, unions
// access: read
CALL () { MATCH (c:Contact) RETURN count(c) AS contacts }
CALL () { MATCH (r:Redirect) RETURN count(r) AS redirects }
CALL () { MATCH ()-[o:OWNS]->() RETURN count(o) AS owned }
CALL () { MATCH (a:Activity) RETURN count(a) AS activities }
CALL () { MATCH (m:Merge) RETURN count(m) AS unions }
RETURN contacts, redirects, owned, activities, unions
