// name: offers.report
// purpose: Count by offer, by the space that was asked, or by day what became of an environment's propositions between two times of arrival; null is no limit.
// parameters: environment, by, from, to
// columns: name, proposed, presented, clicked, accepted, refused
// access: read
MATCH (o:Offer) USING INDEX SEEK o:Offer(environment, name)
WHERE o.environment = $environment AND o.name > ''
MATCH (o)<-[made:PROPOSED]-(p:Proposition)
WHERE ($from IS NULL OR p.received_at >= $from) AND ($to IS NULL OR p.received_at < $to)
CALL (o, p) {
  OPTIONAL MATCH (p)-[:ASKED_AT]->(s:Space)
  RETURN CASE $by
    WHEN 'offer' THEN o.name
    WHEN 'space' THEN s.environment + '/' + s.name
    ELSE toString(date(p.received_at)) END AS name
}
RETURN
  name,
  count(made) AS proposed,
  count(made.presented_at) AS presented,
  count(made.clicked_at) AS clicked,
  count(CASE WHEN made.outcome = 'accepted' THEN 1 END) AS accepted,
  count(CASE WHEN made.outcome = 'refused' THEN 1 END) AS refused
ORDER BY name
