// name: offers.history
// purpose: Read one page of what the audit says of an environment, or of one thing in it, newest first; an empty part or name stands for all.
// parameters: environment, part, named, before, before_id, limit
// columns: entry
// access: read
MATCH (e:AuditEntry) USING INDEX SEEK e:AuditEntry(environment, name)
WHERE
  e.environment = $environment AND e.name > ''
  AND ($named = '' OR e.name = $named)
  AND ($part = '' OR e.part = $part)
  AND (e.at < $before OR (e.at = $before AND e.id < $before_id))
WITH e ORDER BY e.at DESC, e.id DESC LIMIT $limit
RETURN e {.*} AS entry
ORDER BY entry.at DESC, entry.id DESC
