// name: explore.past_turns
// purpose: Read one page of the feed backwards: who came onto lists and left them, and where the page ends.
// parameters: before, limit
// columns: turns, lowest, earliest
// access: read
MATCH (c:Change) USING INDEX SEEK c:Change(seq)
WHERE c.seq >= 0 AND c.seq < $before
WITH c ORDER BY c.seq DESC LIMIT $limit
WITH
  collect(CASE WHEN c.kind IN ['segment_entered', 'segment_left'] AND c.contact IS NOT NULL
    THEN [c.segment, c.contact, c.kind, c.at.epochMillis * 1000 + c.at.microsecond % 1000] END) AS turns,
  min(c.seq) AS lowest,
  min(c.at) AS first
RETURN turns, lowest, first.epochMillis * 1000 + first.microsecond % 1000 AS earliest
