// name: explore.neighbourhood
// purpose: Read a contact's keys with the way each came, who else owns them, and the contacts whose ids lead to it.
// parameters: contact_id
// columns: kind, title, keys, ghosts
// access: read
MATCH (c:Contact {id: $contact_id}) USING INDEX SEEK c:Contact(id)
RETURN
  c.kind AS kind,
  coalesce(
    head(COLLECT { MATCH (c)-[:HAS_PROPERTY]->(p:Property {name: '_name', shown: true}) RETURN p.value }),
    head(COLLECT { MATCH (c)-[o:OWNS]->(k:Email|UserId) RETURN k.value ORDER BY k:UserId, o.merge IS NOT NULL, o.since LIMIT 1 })
  ) AS title,
  COLLECT {
    MATCH (c)-[o:OWNS]->(k:Key)
    RETURN {
      namespace: k.namespace,
      value: k.value,
      since: o.since.epochMillis * 1000 + o.since.microsecond % 1000,
      asleep: o.asleep_at IS NOT NULL,
      asleep_others: COLLECT { MATCH (k)<-[theirs:OWNS]-(other:Contact) WHERE theirs.asleep_at IS NOT NULL RETURN other.id },
      merge: o.merge,
      message_id: o.message_id,
      occurred: head(COLLECT {
        MATCH (a:Activity {message_id: o.message_id}) USING INDEX SEEK a:Activity(message_id)
        RETURN a.occurred_at.epochMillis * 1000 + a.occurred_at.microsecond % 1000
      }),
      moves: COLLECT { MATCH (k)<-[m:MOVED]-(union:Merge) RETURN [union.id, m.merge] },
      others: COLLECT {
        MATCH (k)<-[:OWNS]-(other:Contact)
        WHERE other <> c
        RETURN [
          other.id,
          other.kind,
          coalesce(
            head(COLLECT { MATCH (other)-[:HAS_PROPERTY]->(p:Property {name: '_name', shown: true}) RETURN p.value }),
            head(COLLECT { MATCH (other)-[owns:OWNS]->(name:Email|UserId) RETURN name.value ORDER BY name:UserId, owns.merge IS NOT NULL, owns.since LIMIT 1 })
          )
        ]
      }
    }
  } AS keys,
  COLLECT {
    MATCH (c)<-[way:TO*]-(ghost:Redirect)
    MATCH (ghost)-[to:TO]->(into)
    OPTIONAL MATCH (ghost)<-[:FOLDED]-(m:Merge)
    WHERE m.undone_at IS NULL
    RETURN {
      id: ghost.id,
      kind: ghost.kind,
      depth: size(way),
      into: into.id,
      merge: m.id,
      split: to.split,
      rule: m.rule,
      message_id: m.message_id,
      at: coalesce(m.at, to.at).epochMillis * 1000 + coalesce(m.at, to.at).microsecond % 1000,
      occurred: head(COLLECT {
        MATCH (a:Activity {message_id: m.message_id}) USING INDEX SEEK a:Activity(message_id)
        RETURN a.occurred_at.epochMillis * 1000 + a.occurred_at.microsecond % 1000
      }),
      brought: COUNT { (m)-[:MOVED]->() },
      keys: COLLECT { MATCH (m)-[:MOVED]->(k:Key) RETURN [k.namespace, k.value] ORDER BY k.namespace, k.value LIMIT 5 }
    }
  } AS ghosts
