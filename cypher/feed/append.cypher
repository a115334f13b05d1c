// name: feed.append
// purpose: Add changes to the feed, in the transaction that makes them; they get their numbers later.
// parameters: rows
// columns: -
// access: write
// plan: kept
UNWIND $rows AS row
CREATE (c:Change)
SET c = row
