// Who did what by hand, who read and exported whom, and why.
CREATE CONSTRAINT audit_id IF NOT EXISTS FOR (n:AuditEntry) REQUIRE n.id IS UNIQUE;
CREATE INDEX audit_at IF NOT EXISTS FOR (n:AuditEntry) ON (n.at);
CREATE INDEX audit_contact IF NOT EXISTS FOR (n:AuditEntry) ON (n.contact);
CREATE INDEX audit_other IF NOT EXISTS FOR (n:AuditEntry) ON (n.other);
