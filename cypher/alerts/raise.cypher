// name: alerts.raise
// purpose: Note who named themselves with a key that is another's, and raise a finding when so many persons did (0 for never), once for every doubling.
// parameters: crowds, counters, most
// columns: -
// access: write
// plan: kept
UNWIND $crowds AS row
MATCH (k:Key {namespace: row.namespace, value: row.value}) USING INDEX SEEK k:Key(namespace, value)
CALL (k, row) {
  UNWIND row.named AS id
  CALL (id) {
    MATCH (c:Contact {id: id}) USING INDEX SEEK c:Contact(id)
    RETURN c
    UNION
    MATCH (c:Redirect {id: id}) USING INDEX SEEK c:Redirect(id)
    RETURN c
  }
  MERGE (c)-[:NAMED_WITH]->(k)
}
WITH k, row
WHERE $most > 0
WITH
  k,
  row,
  coalesce(k.alert_at, $most) AS step,
  COLLECT {
    MATCH (k)<-[:OWNS|NAMED_WITH]-(holder)
    MATCH (holder)-[:TO*0..]->(c:Contact)
    WHERE any(counter IN $counters WHERE coalesce(c[counter], 0) > 0)
    RETURN DISTINCT c.id ORDER BY c.id
  } AS persons
WHERE size(persons) >= step
SET k.alert_at = CASE
  WHEN size(persons) < 2 * step THEN 2 * step
  WHEN size(persons) < 4 * step THEN 4 * step
  ELSE 2 * size(persons) END
WITH row, persons
WHERE NOT EXISTS {
  MATCH (d:Dismissal {finding: row.change.finding})
  WHERE coalesce(d.state, 'dismissed') = 'dismissed'
}
CREATE (change:Change:FindingChange)
SET change = row.change,
  change.score = round(toFloat(size(persons)) / (size(persons) + 6), 3),
  change.persons = persons[0..20],
  change.persons_total = size(persons),
  change.reason = toString(size(persons)) + row.reason
