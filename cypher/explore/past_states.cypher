// name: explore.past_states
// purpose: Read what contacts were told and came to own by themselves, not by unions: property entries up to a time, keys, periods of trackers, changes by hand.
// parameters: ids, at
// columns: id, created, split, entries, keys, periods, changes
// access: read
UNWIND $ids AS id
CALL (id) {
  MATCH (n:Contact {id: id}) USING INDEX SEEK n:Contact(id)
  RETURN n
  UNION
  MATCH (n:Redirect {id: id}) USING INDEX SEEK n:Redirect(id)
  RETURN n
}
RETURN
  n.id AS id,
  n.created_at.epochMillis * 1000 + n.created_at.microsecond % 1000 AS created,
  coalesce(n.split, false) AS split,
  COLLECT {
    MATCH (n)-[:HAS_PROPERTY|HAD_PROPERTY]->(p)
    WHERE p.merge IS NULL AND coalesce(p.first_arrived_at, p.arrived_at) <= $at
    RETURN [
      p.name, p.value, p.occurred_at.epochMillis * 1000 + p.occurred_at.microsecond % 1000,
      coalesce(p.first_arrived_at, p.arrived_at).epochMillis * 1000
        + coalesce(p.first_arrived_at, p.arrived_at).microsecond % 1000,
      p.position
    ]
  } AS entries,
  COLLECT {
    MATCH (n)-[o:OWNS]->(k:Key)
    WHERE o.merge IS NULL
    RETURN [k.namespace, k.value, o.since.epochMillis * 1000 + o.since.microsecond % 1000, o.position, o.message_id]
    UNION
    MATCH (n)<-[:FOLDED]-(:Merge)-[o:MOVED]->(k:Key)
    WHERE o.merge IS NULL
    RETURN [k.namespace, k.value, o.since.epochMillis * 1000 + o.since.microsecond % 1000, o.position, o.message_id]
  } AS keys,
  COLLECT {
    CALL (n) {
      MATCH (n)-[:HAS]->(p:Timeline)
      RETURN p
      UNION
      MATCH (n)<-[:FOLDED]-(:Merge)-[:CARRIED]->(p:Timeline)
      RETURN p
    }
    MATCH (p)-[:OF|WAS_OF]->(t:Tracker)
    WITH n, p, t, head(COLLECT { MATCH (p)<-[:CARRIED]-(m:Merge) RETURN m.source ORDER BY m.at, m.id }) AS first
    WHERE coalesce(first, n.id) = n.id
    RETURN [
      p.id, t.value, p.started_at.epochMillis * 1000 + p.started_at.microsecond % 1000,
      p.ended_at.epochMillis * 1000 + p.ended_at.microsecond % 1000
    ]
  } AS periods,
  COLLECT {
    MATCH (n)<-[:BY_HAND_ON|BEFELL]-(change:KeyChange)
    RETURN [CASE WHEN change.action IN ['gone', 'replaced'] THEN 'taken' ELSE change.action END, change.key, change.value, change.at.epochMillis * 1000 + change.at.microsecond % 1000]
  } AS changes
