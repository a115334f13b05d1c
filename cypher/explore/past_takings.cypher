// name: explore.past_takings
// purpose: Read when keys of some values were taken by hand, were no more or were replaced, and fell asleep or woke, and whose they were.
// parameters: values
// columns: namespace, value, action, contact, at
// access: read
UNWIND $values AS value
MATCH (change:KeyChange {value: value}) USING INDEX SEEK change:KeyChange(value)
WHERE change.action IN ['taken', 'gone', 'replaced', 'slept', 'woke']
MATCH (change)-[:BY_HAND_ON|BEFELL]->(holder)
RETURN
  change.key AS namespace,
  change.value AS value,
  change.action AS action,
  holder.id AS contact,
  change.at.epochMillis * 1000 + change.at.microsecond % 1000 AS at
