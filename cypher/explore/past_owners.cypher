// name: explore.past_owners
// purpose: Read to which contacts keys ever came other than by unions, and since when.
// parameters: keys
// columns: namespace, value, owner, since
// access: read
UNWIND $keys AS key
MATCH (k:Key {namespace: key[0], value: key[1]}) USING INDEX SEEK k:Key(namespace, value)
CALL (k) {
  MATCH (k)<-[o:OWNS]-(c:Contact)
  WHERE o.merge IS NULL
  RETURN c.id AS owner, o.since AS moment
  UNION
  MATCH (k)<-[o:MOVED]-(m:Merge)
  WHERE o.merge IS NULL
  RETURN m.source AS owner, o.since AS moment
}
RETURN
  k.namespace AS namespace,
  k.value AS value,
  owner AS owner,
  moment.epochMillis * 1000 + moment.microsecond % 1000 AS since
