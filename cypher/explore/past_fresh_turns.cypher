// name: explore.past_fresh_turns
// purpose: Read who came onto lists and left them since a time, of the changes that have no number yet.
// parameters: since
// columns: segment, contact, kind, at
// access: read
MATCH (c:Change) USING INDEX SEEK c:Change(fresh)
WHERE c.fresh > $since AND c.kind IN ['segment_entered', 'segment_left'] AND c.contact IS NOT NULL
RETURN c.segment AS segment, c.contact AS contact, c.kind AS kind, c.fresh AS at
