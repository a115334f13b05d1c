// name: analysis.contacts
// purpose: Read one page of contacts, by id, with their keys and what tells their household; a subscription says whether others own it too.
// parameters: after, limit, household, further, subscriptions
// columns: page
// access: read
MATCH (c:Contact) USING INDEX SEEK c:Contact(id)
WHERE c.id > $after
WITH c ORDER BY c.id LIMIT $limit
// A page is one row of lists: as a row each, half of the time would go into the messages of the protocol.
RETURN collect([
  c.id,
  c.kind = 'known',
  COLLECT {
    MATCH (c)-[o:OWNS]->(k)
    WHERE k:Tracker OR k:Email OR k:UserId OR k:Subscription OR k.namespace IN $further
    WITH o, k, (k:Subscription OR k.namespace IN $subscriptions) AND COUNT { (k)<-[:OWNS]-() } > 1 AS shared
    RETURN [
      CASE
        WHEN k:Tracker THEN 0
        WHEN k:Email THEN 1
        WHEN k:UserId THEN 2
        WHEN k:Subscription THEN 3
        ELSE 4 + head([place IN range(0, size($further) - 1) WHERE $further[place] = k.namespace]) END,
      k.value,
      // Who reads of a shared subscription since when means the events, not their arrival.
      CASE WHEN shared
        THEN coalesce(
          head(COLLECT {
            MATCH (a:Activity {message_id: o.message_id}) USING INDEX SEEK a:Activity(message_id)
            RETURN a.occurred_at.epochMillis
          }),
          o.since.epochMillis)
        ELSE o.since.epochMillis END,
      shared
    ]
  },
  COLLECT {
    MATCH (c)-[:HAS_PROPERTY]->(p:Property)
    WHERE p.shown AND p.value IS NOT NULL
      AND toLower(replace(replace(replace(last(split(p.name, '.')), '_', ''), '-', ''), ' ', '')) IN $household
    RETURN [p.name, p.value]
  }
]) AS page
