// name: explore.people_holding
// purpose: Read the first contacts, after the place where the last page ended, of whose values one may hold every word of each term.
// parameters: terms, kind, has, listed, since, sort, sign, place, after, limit
// columns: id, place
// access: read
MATCH (c:Contact)
WHERE
  // insert: explore.wanted_person
// insert: explore.people_after
WITH c, id, place ORDER BY place DESC, id
// What is not plain ASCII is folded before it is compared, by whoever reads these.
WHERE all(term IN $terms WHERE EXISTS {
  MATCH (c)-[:OWNS|HAS_PROPERTY]->(node)
  WHERE (node:Key OR node.shown) AND CASE
    WHEN node.value IS :: STRING NOT NULL
      THEN all(word IN term WHERE toLower(node.value) CONTAINS word) OR NOT node.value =~ '\\p{ASCII}*+'
    ELSE node.value IS :: LIST<ANY> NOT NULL END
})
RETURN id, place
ORDER BY place DESC, id
LIMIT $limit
