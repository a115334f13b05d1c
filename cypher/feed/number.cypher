// name: feed.number
// purpose: Give changes their numbers, under the feed's lock.
// parameters: name, last, rows
// columns: -
// access: write
CALL () {
  MATCH (f:Feed {name: $name}) USING INDEX SEEK f:Feed(name)
  SET f.last = $last
}
UNWIND $rows AS row
MATCH (c:Change)
WHERE elementId(c) = row.element
SET
  c.seq = row.seq,
  c.at = datetime({epochSeconds: c.fresh / 1000000, nanosecond: c.fresh % 1000000 * 1000})
REMOVE c.fresh, c.place
