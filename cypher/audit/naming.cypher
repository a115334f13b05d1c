// name: audit.naming
// purpose: Read the entries of the audit whose text holds one of some values, under locks.
// parameters: values
// columns: id, why, value
// access: write
MATCH (e:AuditText)
WHERE any(value IN $values WHERE toLower(coalesce(e.why, '')) CONTAINS value OR toLower(coalesce(e.value, '')) CONTAINS value)
REMOVE e._lock
WITH e
RETURN e.id AS id, e.why AS why, e.value AS value
