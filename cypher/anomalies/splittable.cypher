// name: anomalies.splittable
// purpose: Tell which of some keys tie several person keys in one contact, and which were the ones that a split was made around.
// parameters: keys, persons
// columns: namespace, value, contact, split
// access: read
UNWIND $keys AS wanted
MATCH (k:Key {namespace: wanted[0], value: wanted[1]}) USING INDEX SEEK k:Key(namespace, value)
CALL (k) {
  MATCH (k)<-[:OWNS]-(c:Contact)
  WHERE COUNT { (c)-[o:OWNS]->(p:Key) WHERE p.namespace IN $persons AND NOT coalesce(o.derived, false) } > 1
  RETURN c.id AS contact, false AS split
  UNION
  MATCH (k)<-[took:TOOK]-(s:Separation)-[:OF]->(whole)
  WHERE took.part IS NULL AND s.undone_at IS NULL
  RETURN whole.id AS contact, true AS split
}
RETURN k.namespace AS namespace, k.value AS value, contact, split
