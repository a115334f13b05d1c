// name: splits.close
// purpose: Note a split as undone: its parts' ids lead back to the contact, activity that strayed hangs where it hung.
// parameters: id, at, kept, heirs, unused
// columns: -
// access: write
MATCH (separation:Separation {id: $id})-[:OF]->(whole) USING INDEX SEEK separation:Separation(id)
SET separation.undone_at = $at
WITH separation, whole
CALL (separation) {
  MATCH (separation)-[parted:PARTED]->(period:Timeline)
  MATCH (was:Timeline {id: parted.was}) USING INDEX SEEK was:Timeline(id)
  CALL (period, was) {
    MATCH (a:Activity)-[on:ON]->(period)
    CREATE (a)-[:ON]->(was)
    DELETE on
  }
  SET
    was.first_occurred_at = CASE WHEN was.first_occurred_at <= period.first_occurred_at
      THEN was.first_occurred_at ELSE coalesce(period.first_occurred_at, was.first_occurred_at) END,
    was.last_occurred_at = CASE WHEN was.last_occurred_at >= period.last_occurred_at
      THEN was.last_occurred_at ELSE coalesce(period.last_occurred_at, was.last_occurred_at) END,
    was.last_at = CASE WHEN was.last_at >= period.last_at
      THEN was.last_at ELSE coalesce(period.last_at, was.last_at) END
  DETACH DELETE period
  WITH was
  MATCH (was)<-[:HAS]-(holder:Contact)
  WITH DISTINCT holder
  // Who had no activity was seen last when it was made.
  SET holder.last_seen_at = coalesce(
    head(COLLECT {
      MATCH (holder)-[:HAS]->(one:Timeline)
      WHERE one.last_at IS NOT NULL
      RETURN one.last_at ORDER BY one.last_at DESC LIMIT 1
    }),
    holder.last_seen_at
  )
}
CALL (separation, whole) {
  MATCH (separation)-[:MADE]->(part:Contact)
  REMOVE part:Contact
  SET part:Redirect
  CREATE (part)-[:TO {at: $at, split: separation.id}]->(whole)
  WITH part, whole
  CALL (part, whole) {
    MATCH (part)<-[into:INTO]-(merge:Merge)
    DELETE into
    CREATE (merge)-[:INTO]->(whole)
    SET merge.target = whole.id
  }
  CALL (part, whole) {
    MATCH (part)<-[to:TO]-(folded)
    CREATE (folded)-[again:TO]->(whole)
    SET again = properties(to)
    DELETE to
  }
}
CALL () {
  UNWIND $kept AS row
  MATCH (merge:Merge {id: row.merge}) USING INDEX SEEK merge:Merge(id)
  MATCH (k:Key {namespace: row.namespace, value: row.value}) USING INDEX SEEK k:Key(namespace, value)
  MATCH (merge)-[:INTO]->(owner)
  MATCH (k)<-[moved:MOVED]-(other)-[:INTO]->(owner)
  WHERE (other = merge
      OR moved.kept_since = datetime({epochSeconds: row.was[0], nanosecond: row.was[1]}))
  SET moved.kept_since = datetime({epochSeconds: row.since[0], nanosecond: row.since[1]})
}
CALL () {
  UNWIND $heirs AS row
  MATCH (merge:Merge {id: row.merge})-[moved:MOVED]->(k:Key) USING INDEX SEEK merge:Merge(id)
  WHERE k.namespace = row.namespace AND k.value = row.value
  REMOVE moved.kept_since
}
CALL () {
  UNWIND $unused AS value
  MATCH (k:Key {namespace: 'tracker_id', value: value}) USING INDEX SEEK k:Key(namespace, value)
  OPTIONAL MATCH (k)<-[:OF|WAS_OF]-(period:Timeline)
  DETACH DELETE period, k
}
