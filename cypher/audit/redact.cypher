// name: audit.redact
// purpose: Write the texts of entries of the audit as they are without the keys of who was erased.
// parameters: rows
// columns: -
// access: write
UNWIND $rows AS row
MATCH (e:AuditEntry {id: row.id}) USING INDEX SEEK e:AuditEntry(id)
SET e.why = row.why, e.value = row.value, e.changed = row.changed
