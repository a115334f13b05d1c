// name: privacy.export_record
// purpose: Read what a contact owns, its periods of ownership, and whose ids lead to it, each with where it came from.
// parameters: contact_id
// columns: keys, periods, folded, splits, lists
// access: read
MATCH (c:Contact {id: $contact_id}) USING INDEX SEEK c:Contact(id)
RETURN
  COLLECT {
    MATCH (c)-[o:OWNS]->(k:Key)
    RETURN {
      namespace: k.namespace,
      value: k.value,
      since: o.since.epochMillis * 1000 + o.since.microsecond % 1000,
      position: o.position,
      merge: o.merge,
      message_id: o.message_id,
      asleep: o.asleep_at.epochMillis * 1000 + o.asleep_at.microsecond % 1000
    }
  } AS keys,
  COLLECT {
    MATCH (c)-[:HAS]->(period:Timeline)-[:OF|WAS_OF]->(t:Tracker)
    RETURN {
      id: period.id,
      tracker_id: t.value,
      started: period.started_at.epochMillis * 1000 + period.started_at.microsecond % 1000,
      ended: period.ended_at.epochMillis * 1000 + period.ended_at.microsecond % 1000,
      last: period.last_at.epochMillis * 1000 + period.last_at.microsecond % 1000
    }
    ORDER BY period.started_at, period.id
  } AS periods,
  COLLECT {
    MATCH (c)<-[:TO*0..]-(into)<-[to:TO]-(r:Redirect)
    RETURN {
      id: r.id,
      kind: r.kind,
      created: r.created_at.epochMillis * 1000 + r.created_at.microsecond % 1000,
      seen: r.last_seen_at.epochMillis * 1000 + r.last_seen_at.microsecond % 1000,
      into: into.id,
      split: to.split,
      at: to.at.epochMillis * 1000 + to.at.microsecond % 1000
    }
    ORDER BY to.at, r.id
  } AS folded,
  COLLECT {
    MATCH (c)<-[:TO*0..]-(holder)<-[:BETWEEN|MADE]-(s:Split)
    WITH DISTINCT s
    MATCH (s)-[:BETWEEN]->(between)
    MATCH (s)-[:MADE]->(made)
    MATCH (s)-[:ON]->(subscription)
    RETURN {
      at: s.at.epochMillis * 1000 + s.at.microsecond % 1000,
      between: between.id,
      made: made.id,
      subscription: subscription.value
    }
    ORDER BY s.at, made.id
  } AS splits,
  COLLECT {
    MATCH (c)<-[:TO*0..]-(holder)-[:LISTED_IN]->(segment:Segment)
    WITH DISTINCT holder, segment
    RETURN {contact: holder.id, segment: segment.name}
    ORDER BY segment.name, holder.id
  } AS lists
