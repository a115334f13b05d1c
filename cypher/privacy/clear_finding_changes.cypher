// name: privacy.clear_finding_changes
// purpose: Empty the changes that tell of findings about contacts or keys; each keeps its place in the feed.
// parameters: ids, values
// columns: changes
// access: write
// Whoever publishes an analysis holds this lock from before it asks who was erased until its changes are there.
OPTIONAL MATCH (last:Analysis)
SET last._lock = true
REMOVE last._lock
WITH count(last) AS analyses
MATCH (c:FindingChange)
WHERE c.emptied IS NULL AND (c.subject_value IN $values OR any(person IN c.persons WHERE person IN $ids))
REMOVE c._lock
WITH c
SET c = {kind: c.kind, seq: c.seq, at: c.at, fresh: c.fresh, place: c.place, emptied: true}
RETURN count(*) AS changes
