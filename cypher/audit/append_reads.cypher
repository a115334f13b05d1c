// name: audit.append_reads
// purpose: Add reads to the audit some time after they happened; who was erased meanwhile may be named in the reason.
// parameters: rows
// columns: -
// access: write
UNWIND $rows AS row
OPTIONAL MATCH (t:Tombstone {id: row.contact}) USING INDEX SEEK t:Tombstone(id)
WITH row, t
MERGE (e:AuditEntry {id: row.id})
SET e = row, e.why = CASE WHEN t IS NULL THEN row.why END
FOREACH (_ IN CASE WHEN e.why IS NULL THEN [] ELSE [1] END | SET e:AuditText)
