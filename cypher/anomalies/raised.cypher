// name: anomalies.raised
// purpose: Read the findings that events raised after a moment, each as it was raised last.
// parameters: after
// columns: id, kind, subject_type, subject_value, score, reason, persons, persons_total, actions, message_id, at
// access: read
MATCH (c:FindingChange)
WHERE c.kind = 'finding_raised' AND c.message_id IS NOT NULL
WITH c, coalesce(c.fresh, c.at.epochMillis * 1000 + c.at.microsecond % 1000) AS at
WHERE at > $after
WITH c, at
ORDER BY at DESC
WITH c.finding AS id, head(collect(c)) AS c, max(at) AS at
RETURN id, c.finding_kind AS kind, c.subject_type AS subject_type, c.subject_value AS subject_value, c.score AS score,
  c.reason AS reason, c.persons AS persons, c.persons_total AS persons_total, c.actions AS actions,
  c.message_id AS message_id, at
ORDER BY score DESC, id
