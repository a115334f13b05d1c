// name: access.revoke
// purpose: Revoke an access key, under its lock; one that was revoked before keeps its time. Tell whether it stood until now.
// parameters: id, at
// columns: id, standing
// access: write
MATCH (k:AccessKey {id: $id})
USING INDEX SEEK k:AccessKey(id)
REMOVE k._lock
WITH k, k.revoked_at IS NULL AS standing
SET k.revoked_at = coalesce(k.revoked_at, $at)
RETURN k.id AS id, standing AS standing
