// name: union.dossier
// purpose: Read, under locks, every key and every period of ownership of some contacts.
// parameters: contact_ids, locks
// columns: contact, keys, timelines
// access: write
// plan: kept
UNWIND $contact_ids AS id
MATCH (c:Contact {id: id}) USING INDEX SEEK c:Contact(id)
FOREACH (_ IN $locks | REMOVE c._lock)
WITH c
CALL (c) {
  MATCH (c)-[o:OWNS]->(k:Key)
  WITH o, k
  ORDER BY k.namespace, k.value
  FOREACH (_ IN $locks | REMOVE k._lock)
  WITH o, k
  RETURN collect([
    k.namespace,
    k.value,
    o.since.epochMillis * 1000 + o.since.microsecond % 1000,
    o.position,
    o.merge,
    o.message_id,
    coalesce(o.derived, false),
    CASE WHEN o.turned_at IS NOT NULL OR o.asleep_at IS NOT NULL OR o.itself_asleep_at IS NOT NULL THEN [
      o.asleep_at.epochMillis * 1000 + o.asleep_at.microsecond % 1000,
      coalesce(o.turned_at.epochMillis * 1000 + o.turned_at.microsecond % 1000, 0),
      o.itself_asleep_at.epochMillis * 1000 + o.itself_asleep_at.microsecond % 1000
    ] END
  ]) AS keys
}
CALL (c) {
  MATCH (c)-[:HAS]->(period:Timeline)-[of:OF|WAS_OF]->(tracker:Tracker)
  RETURN collect([
    period.id,
    tracker.value,
    type(of) = 'OF',
    coalesce(period.last_at.epochMillis * 1000 + period.last_at.microsecond % 1000, 0)
  ]) AS timelines
}
RETURN c.id AS contact, keys, timelines
