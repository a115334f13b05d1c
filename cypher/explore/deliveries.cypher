// name: explore.deliveries
// purpose: Read, for pairs of a contact and a subscription, what says whether a push reaches that person now.
// parameters: checks, counters, further
// columns: place, contact, named, trackers, ended, ended_at, since, asleep_at, turned_at, others, persons, carried, devices, barred, apart
// access: read
// plan: kept
UNWIND $checks AS row
CALL (row) {
  MATCH (c:Contact {id: row.contact}) USING INDEX SEEK c:Contact(id)
  RETURN c
  UNION
  MATCH (redirect:Redirect {id: row.contact})-[:TO*]->(c:Contact) USING INDEX SEEK redirect:Redirect(id)
  RETURN c
  UNION
  MATCH (k:Key {namespace: row.key[0], value: row.key[1]})<-[:OWNS]-(c:Contact) USING INDEX SEEK k:Key(namespace, value)
  RETURN c
  ORDER BY c.kind = 'known' DESC, c.last_seen_at DESC, c.id
  LIMIT 1
}
OPTIONAL MATCH (s:Key {namespace: row.subscription[0], value: row.subscription[1]}) USING INDEX SEEK s:Key(namespace, value)
OPTIONAL MATCH (s)<-[o:OWNS]-(c)
RETURN
  row.place AS place,
  c.id AS contact,
  any(counter IN $counters WHERE coalesce(c[counter], 0) > 0) AS named,
  coalesce(c.trackers, 0) AS trackers,
  s.ended AS ended,
  s.ended_at.epochMillis * 1000 + s.ended_at.microsecond % 1000 AS ended_at,
  o.since.epochMillis * 1000 + o.since.microsecond % 1000 AS since,
  o.asleep_at.epochMillis * 1000 + o.asleep_at.microsecond % 1000 AS asleep_at,
  o.turned_at.epochMillis * 1000 + o.turned_at.microsecond % 1000 AS turned_at,
  COLLECT {
    MATCH (s)<-[theirs:OWNS]-(other:Contact)
    WHERE other <> c
    RETURN [
      other.id,
      any(counter IN $counters WHERE coalesce(other[counter], 0) > 0),
      theirs.asleep_at IS NULL
    ]
    LIMIT 100
  } AS others,
  COLLECT {
    MATCH (s)-[:BROUGHT_BY*0..1]->(:Key)<-[:OWNS|NAMED_WITH]-(holder)-[:TO*0..]->(person:Contact)
    WHERE any(counter IN $counters WHERE coalesce(person[counter], 0) > 0)
    WITH DISTINCT person
    LIMIT 20
    RETURN [
      person.id,
      any(counter IN $counters WHERE counter <> 'emails' AND coalesce(person[counter], 0) > 0),
      COLLECT { MATCH (person)-[:OWNS]->(address:Email) RETURN address.value ORDER BY address.value LIMIT 5 }
    ]
  } AS persons,
  // A period is asked once whose it is, not for each of its activities: its neighbours are many.
  COLLECT {
    CALL (s) {
      WITH s
      WHERE s.namespace = 'subscription'
      MATCH (a:Activity) USING INDEX SEEK a:Activity(subscription, received_at)
      WHERE a.subscription = s.value AND a.received_at IS NOT NULL
      RETURN a
      // As the index has it, so that no more is read than the newest ones.
      ORDER BY a.subscription DESC, a.received_at DESC
      LIMIT 20
      UNION ALL
      WITH s
      WHERE s.namespace <> 'subscription'
      MATCH (s)<-[:CARRIED]-(a:Activity)
      RETURN a
      ORDER BY a.received_at DESC
      LIMIT 20
    }
    MATCH (a)-[:ON]->(period:Timeline)
    WITH
      period,
      collect([
        a.email IS NOT NULL OR a.user_id IS NOT NULL
          OR any(name IN $further WHERE EXISTS { MATCH (a)-[:CARRIED]->(:Key {namespace: name}) }),
        a.received_at.epochMillis * 1000 + a.received_at.microsecond % 1000,
        a.tracker_id,
        a.occurred_at.epochMillis * 1000 + a.occurred_at.microsecond % 1000,
        a.email
      ]) AS events
    MATCH (period)<-[:HAS]-(whose:Contact)
    RETURN [whose.id, events]
  } AS carried,
  COLLECT {
    MATCH (s)-[:BROUGHT_BY]->(device:Key)
    OPTIONAL MATCH (device)<-[holding:OWNS]-(holder:Contact)
    OPTIONAL MATCH (device)<-[:OF]-(period:Timeline)
    RETURN [
      holder.id,
      any(counter IN $counters WHERE coalesce(holder[counter], 0) > 0),
      holding.since.epochMillis * 1000 + holding.since.microsecond % 1000,
      period.last_at.epochMillis * 1000 + period.last_at.microsecond % 1000,
      COLLECT {
        MATCH (a:Activity) USING INDEX SEEK a:Activity(elsewhere, received_at)
        WHERE a.elsewhere = device.value AND a.received_at IS NOT NULL
          // A browser has one subscription: what carried another came from another device with this tracker.
          AND (a.subscription IS NULL OR a.subscription = s.value)
          AND (a.email IS NOT NULL OR a.user_id IS NOT NULL
            OR any(name IN $further WHERE EXISTS { MATCH (a)-[:CARRIED]->(:Key {namespace: name}) }))
        WITH a
        ORDER BY a.elsewhere DESC, a.received_at DESC
        LIMIT 1
        MATCH (a)-[:ON]->(:Timeline)<-[:HAS]-(whose:Contact)
        RETURN [whose.id, a.received_at.epochMillis * 1000 + a.received_at.microsecond % 1000]
      }
    ]
  } AS devices,
  c.judged IS NOT NULL AND EXISTS { MATCH (c)<-[:TO*0..]-(holder)<-[:JUDGES]-(:Judgement)-[:ON]->(s) } AS barred,
  COLLECT {
    MATCH (c)<-[:TO*0..]-(holder)<-[mine:JUDGES]-(judgement:Judgement)-[theirs:JUDGES]->(judged)
    WHERE c.judged AND mine.side <> theirs.side
    MATCH (judged)-[:TO*0..]->(living:Contact)
    RETURN DISTINCT living.id
  } AS apart
