MATCH (n:Contact|Redirect)
RETURN
  n.id AS id,
  COLLECT { MATCH (n)-[:TO*0..]->(living:Contact) RETURN living.id } AS living,
  COLLECT {
    MATCH (n)-[:HAS]->(period:Timeline)-[:OF|WAS_OF]->(tracker:Tracker)
    MATCH (a:Activity)-[:ON]->(period)
    RETURN [
      a.message_id, a.event, a.property_names, a.property_values, tracker.value, toString(a.occurred_at),
      toString(a.said_at), toString(a.received_at), a.rule, a.outcome, a.limited, a.trace
    ]
    ORDER BY a.message_id
  } AS activity
