// name: explore.past_takings
// purpose: Read when keys of some values were taken by hand, and from whom.
// parameters: values
// columns: namespace, value, contact, at
// access: read
UNWIND $values AS value
MATCH (change:KeyChange {value: value}) USING INDEX SEEK change:KeyChange(value)
WHERE change.action = 'taken'
MATCH (change)-[:BY_HAND_ON]->(holder)
RETURN
  change.key AS namespace,
  change.value AS value,
  holder.id AS contact,
  change.at.epochMillis * 1000 + change.at.microsecond % 1000 AS at
