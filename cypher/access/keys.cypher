// name: access.keys
// purpose: List every access key that was made by command, also those that were revoked.
// parameters: -
// columns: id, digest, scope, name, answer, created_at, revoked_at
// access: read
MATCH (k:AccessKey)
USING INDEX SEEK k:AccessKey(id)
WHERE k.id > ''
RETURN k.id AS id, k.digest AS digest, k.scope AS scope, k.name AS name, k.answer AS answer,
       k.created_at.epochMillis * 1000 + k.created_at.microsecond % 1000 AS created_at,
       k.revoked_at.epochMillis * 1000 + k.revoked_at.microsecond % 1000 AS revoked_at
ORDER BY created_at, id
