// Who changed what of the catalogue: its entries of the audit by what they are about.
CREATE INDEX audit_catalogue IF NOT EXISTS FOR (n:AuditEntry) ON (n.environment, n.name);
