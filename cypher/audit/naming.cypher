// name: audit.naming
// purpose: Read the entries of the audit whose text holds one of some values, under locks.
// parameters: values
// columns: id, why, value, changed
// access: write
MATCH (e:AuditText)
WHERE any(value IN $values WHERE any(text IN [e.why, e.value, e.changed] WHERE toLower(text) CONTAINS value))
REMOVE e._lock
WITH e
RETURN e.id AS id, e.why AS why, e.value AS value, e.changed AS changed
