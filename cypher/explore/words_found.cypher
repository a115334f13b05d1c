// name: explore.words_found
// purpose: Count how many values hold the words of each search, up to a number.
// parameters: searches, most
// columns: term, hits
// access: read
UNWIND $searches AS search
CALL (search) {
  CALL db.index.fulltext.queryNodes(search.index, search.query, {limit: $most}) YIELD node
  RETURN count(node) AS found
}
RETURN search.term AS term, max(found) AS hits
