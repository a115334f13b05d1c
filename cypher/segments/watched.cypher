// name: segments.watched
// purpose: Read who was in a segment when it was last looked at, within a range of ids.
// parameters: name, after, until
// columns: contact
// access: read
MATCH (m:Watched) USING INDEX SEEK m:Watched(segment, contact)
WHERE m.segment = $name AND m.contact > $after
WITH m.contact AS contact
WHERE $until IS NULL OR contact <= $until
RETURN contact
