// name: audit.append
// purpose: Add entries to the audit, in the transaction that does what they tell where it writes.
// parameters: rows
// columns: -
// access: write
UNWIND $rows AS row
CREATE (e:AuditEntry)
SET e = row
FOREACH (_ IN CASE WHEN row.why IS NULL AND row.value IS NULL AND row.changed IS NULL THEN [] ELSE [1] END | SET e:AuditText)
