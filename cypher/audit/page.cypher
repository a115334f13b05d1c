// name: audit.page
// purpose: Read one page of the audit, newest first, after the place where the last page ended.
// parameters: by, what, from, until, before, before_id, limit
// columns: entry
// access: read
MATCH (e:AuditEntry) USING INDEX SEEK e:AuditEntry(at)
WHERE
  e.at >= $from AND e.at <= $until AND e.at <= $before
  AND (e.at < $before OR e.id < $before_id)
  AND ($by = '' OR e.by = $by)
  AND ($what = '' OR e.what = $what)
WITH e ORDER BY e.at DESC, e.id DESC LIMIT $limit
RETURN e {.*} AS entry
ORDER BY entry.at DESC, entry.id DESC
