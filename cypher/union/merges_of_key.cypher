// name: union.merges_of_key
// purpose: List the unions, not undone, that a key went along with, or that it made where it was: what it has tied together so far.
// parameters: name, value, rules, devices
// columns: id, source, target, rule, message_id, at, occurred, undone_at
// access: read
MATCH (k:Key {namespace: $name, value: $value}) USING INDEX SEEK k:Key(namespace, value)
CALL (k) {
  MATCH (k)<-[:MOVED]-(m:Merge)
  WHERE m.undone_at IS NULL
  RETURN m
  UNION
  // For the sake of a key that the survivor has, the owner of the event's device is folded and brings the device's keys.
  MATCH (k)<-[:OWNS]-(:Contact)<-[:TO*0..]-()<-[:INTO]-(m:Merge)
  WHERE m.undone_at IS NULL AND m.rule IN $rules
  MATCH (a:Activity {message_id: m.message_id}) USING INDEX SEEK a:Activity(message_id)
  WHERE ((k.namespace IN ['email', 'user_id', 'subscription'] AND a[k.namespace] = k.value)
      OR EXISTS { (a)-[:CARRIED]->(k) })
    AND EXISTS {
      MATCH (m)-[:MOVED]->(device:Key)
      WHERE (device.namespace = 'tracker_id' AND device.value = a.tracker_id)
        OR (device.namespace IN $devices AND EXISTS { (a)-[:CARRIED]->(device) })
    }
  RETURN m
}
CALL (m) {
  OPTIONAL MATCH (a:Activity {message_id: m.message_id}) USING INDEX SEEK a:Activity(message_id)
  RETURN a
}
RETURN
  m.id AS id,
  m.source AS source,
  m.target AS target,
  m.rule AS rule,
  m.message_id AS message_id,
  m.at.epochMillis * 1000 + m.at.microsecond % 1000 AS at,
  a.occurred_at.epochMillis * 1000 + a.occurred_at.microsecond % 1000 AS occurred,
  null AS undone_at
ORDER BY at DESC, id DESC
