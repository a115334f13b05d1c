// name: explore.keys_beginning
// purpose: List owned keys whose values begin so, each kind in the order of its values.
// parameters: email, beginning, limit
// columns: label, value, contacts
// access: read
CALL () {
  MATCH (k:Email) USING INDEX SEEK k:Email(value)
  WHERE k.value STARTS WITH $email AND EXISTS { (k)<-[:OWNS]-(:Contact) }
  WITH k ORDER BY k.value LIMIT $limit
  RETURN k
  UNION ALL
  MATCH (k:UserId) USING INDEX SEEK k:UserId(value)
  WHERE k.value STARTS WITH $beginning AND EXISTS { (k)<-[:OWNS]-(:Contact) }
  WITH k ORDER BY k.value LIMIT $limit
  RETURN k
  UNION ALL
  MATCH (k:Tracker) USING INDEX SEEK k:Tracker(value)
  WHERE k.value STARTS WITH $beginning AND EXISTS { (k)<-[:OWNS]-(:Contact) }
  WITH k ORDER BY k.value LIMIT $limit
  RETURN k
  UNION ALL
  MATCH (k:Subscription) USING INDEX SEEK k:Subscription(value)
  WHERE k.value STARTS WITH $beginning AND EXISTS { (k)<-[:OWNS]-(:Contact) }
  WITH k ORDER BY k.value LIMIT $limit
  RETURN k
}
RETURN
  head(labels(k)) AS label,
  k.value AS value,
  COUNT { (k)<-[:OWNS]-(:Contact) } AS contacts
