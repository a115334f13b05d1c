// name: subscriptions.write
// purpose: Write who is awake and asleep on subscriptions, which device last brought each, which are no more, and what befell them.
// parameters: states, brought, ended, turns
// columns: -
// access: write
// plan: kept
CALL () {
  UNWIND $states AS row
  MATCH (k:Key {namespace: row.namespace, value: row.value}) USING INDEX SEEK k:Key(namespace, value)
  MATCH (k)<-[o:OWNS]-(c:Contact)
  WHERE c.id = row.contact
  SET o.asleep_at = row.sleep.asleep_at, o.turned_at = row.sleep.turned_at, o.itself_asleep_at = row.sleep.itself_asleep_at
}
CALL () {
  UNWIND $ended AS row
  MATCH (k:Key {namespace: row.namespace, value: row.value}) USING INDEX SEEK k:Key(namespace, value)
  SET k.ended = row.how, k.ended_at = row.at
  WITH k
  CALL (k) {
    MATCH (k)-[brought:BROUGHT_BY]->()
    DELETE brought
  }
  CALL (k) {
    MATCH (k)<-[:ON]-(split:Split)
    DETACH DELETE split
  }
}
CALL () {
  UNWIND $brought AS row
  MATCH (k:Key {namespace: row.namespace, value: row.value}) USING INDEX SEEK k:Key(namespace, value)
  CALL (k, row) {
    MATCH (k)-[brought:BROUGHT_BY]->(device)
    WHERE NOT [device.namespace, device.value] IN row.devices
    DELETE brought
  }
  CALL (k, row) {
    UNWIND row.devices AS wanted
    MATCH (device:Key {namespace: wanted[0], value: wanted[1]}) USING INDEX SEEK device:Key(namespace, value)
    MERGE (k)-[:BROUGHT_BY]->(device)
  }
}
CALL () {
  UNWIND $turns AS row
  MATCH (c:Contact {id: row.contact}) USING INDEX SEEK c:Contact(id)
  CREATE (change:KeyChange)-[:BEFELL]->(c)
  SET change = row.node
}
