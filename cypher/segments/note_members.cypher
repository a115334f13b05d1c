// name: segments.note_members
// purpose: Note who came into a watched segment and who left, with the changes that say so; nothing when it is watched no more.
// parameters: name, changed_at, entered, left, rows
// columns: noted
// access: write
MATCH (s:Segment {name: $name}) USING INDEX SEEK s:Segment(name)
REMOVE s._lock
WITH s
WHERE s.watch AND s.changed_at = $changed_at
CALL () {
  UNWIND $entered AS contact
  MERGE (:Watched {segment: $name, contact: contact})
}
CALL () {
  UNWIND $left AS contact
  MATCH (m:Watched {segment: $name, contact: contact}) USING INDEX SEEK m:Watched(segment, contact)
  DELETE m
}
CALL () {
  UNWIND $rows AS row
  CREATE (c:Change)
  SET c = row
}
RETURN s.name AS noted
