// name: explore.meeting
// purpose: Read everybody who owns one of some keys or was seen with it, and who was folded into another along with one: living contacts, up to so many.
// parameters: namespace, values, contacts, activities, limit
// columns: total, people
// access: read
CALL () {
  UNWIND $values AS value
  MATCH (k:Key {namespace: $namespace, value: value})<-[o:OWNS]-(c:Contact) USING INDEX SEEK k:Key(namespace, value)
  RETURN c, k.value AS key, CASE WHEN o.asleep_at IS NULL THEN 'owns' ELSE 'asleep' END AS tie, o.since AS at
  UNION
  UNWIND $values AS value
  CALL (value) {
    MATCH (a:Activity {elsewhere: value}) USING INDEX SEEK a:Activity(elsewhere)
    WHERE $namespace = 'tracker_id'
    RETURN a LIMIT $activities
    UNION
    MATCH (a:Activity {subscription: value}) USING INDEX SEEK a:Activity(subscription)
    WHERE $namespace = 'subscription'
    RETURN a LIMIT $activities
    UNION
    MATCH (a:Activity {email: value}) USING INDEX SEEK a:Activity(email)
    WHERE $namespace = 'email'
    RETURN a LIMIT $activities
    UNION
    MATCH (a:Activity {user_id: value}) USING INDEX SEEK a:Activity(user_id)
    WHERE $namespace = 'user_id'
    RETURN a LIMIT $activities
    UNION
    MATCH (k:Key {namespace: $namespace, value: value}) USING INDEX SEEK k:Key(namespace, value)
    MATCH (k)<-[:CARRIED]-(a:Activity)
    RETURN a LIMIT $activities
  }
  MATCH (a)-[:ON]->(:Timeline)<-[:HAS]-(c:Contact)
  RETURN c, value AS key, 'met' AS tie, max(a.occurred_at) AS at
  UNION
  UNWIND $contacts AS id
  MATCH (c:Contact {id: id}) USING INDEX SEEK c:Contact(id)
  RETURN c, null AS key, 'met' AS tie, null AS at
  UNION
  UNWIND $contacts AS id
  MATCH (ghost:Redirect {id: id})-[:TO*]->(c:Contact) USING INDEX SEEK ghost:Redirect(id)
  RETURN c, null AS key, 'met' AS tie, null AS at
}
WITH c, collect(DISTINCT CASE WHEN tie IN ['owns', 'asleep'] THEN key END) AS owns, collect(DISTINCT CASE tie WHEN 'asleep' THEN key END) AS asleep,
  max(CASE tie WHEN 'met' THEN at END) AS met_at, min(CASE WHEN tie <> 'met' THEN at END) AS since, collect(DISTINCT CASE tie WHEN 'met' THEN key END) AS met
ORDER BY size(owns) = 0, c.kind = 'anonymous', c.last_seen_at DESC, c.id
WITH collect({contact: c, owns: owns, met: met, asleep: asleep, met_at: met_at, since: since}) AS found
RETURN
  size(found) AS total,
  COLLECT {
    UNWIND found[..$limit] AS one
    WITH one, one.contact AS c
    RETURN {
      id: c.id,
      kind: c.kind,
      owns: one.owns,
      met: one.met,
      asleep: one.asleep,
      met_at: one.met_at.epochMillis * 1000 + one.met_at.microsecond % 1000,
      since: one.since.epochMillis * 1000 + one.since.microsecond % 1000,
      title: coalesce(
        head(COLLECT { MATCH (c)-[:HAS_PROPERTY]->(p:Property {name: '_name', shown: true}) RETURN p.value }),
        head(COLLECT { MATCH (c)-[o:OWNS]->(k:Email|UserId) RETURN k.value ORDER BY k:UserId, o.merge IS NOT NULL, o.since LIMIT 1 })
      ),
      ghosts: COLLECT {
        MATCH (c)<-[:TO*]-(ghost:Redirect)<-[:FOLDED]-(m:Merge)
        WHERE m.undone_at IS NULL AND EXISTS { MATCH (m)-[:MOVED]->(k) WHERE k.namespace = $namespace AND k.value IN $values }
        MATCH (ghost)-[:TO]->(into)
        RETURN [ghost.id, ghost.kind, into.id, m.id] LIMIT 20
      }
    }
  } AS people
