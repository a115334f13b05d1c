// name: access.revoke
// purpose: Revoke an access key; one that was revoked before keeps its time.
// parameters: id, at
// columns: id
// access: write
MATCH (k:AccessKey {id: $id})
USING INDEX SEEK k:AccessKey(id)
SET k.revoked_at = coalesce(k.revoked_at, $at)
RETURN k.id AS id
