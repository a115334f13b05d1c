// name: webhooks.sweep
// purpose: Delete some dead letters whose change has left the feed.
// parameters: until, limit
// columns: swept
// access: write
MATCH (d:DeadLetter) USING INDEX SEEK d:DeadLetter(webhook, seq)
WHERE d.webhook > '' AND d.seq <= $until
WITH d LIMIT $limit
DELETE d
RETURN count(*) AS swept
