// name: splits.replaced
// purpose: Read the newest values of each property that newer ones replaced on a contact, or that those folded into it have, each with the message that brought it.
// parameters: contact_id, most
// columns: name, value, occurred, arrived, position, message_id, own
// access: read
MATCH (c:Contact {id: $contact_id})<-[to:TO*0..]-(holder) USING INDEX SEEK c:Contact(id)
MATCH (holder)-[:HAS_PROPERTY|HAD_PROPERTY]->(p)
// What the contact has is loaded already.
WHERE (holder <> c OR p:ReplacedProperty) AND (p.merge IS NULL OR p.rule = 'written')
WITH p, all(one IN to WHERE one.split IS NOT NULL) AS own
ORDER BY p.occurred_at DESC, p.arrived_at DESC
// A part of a split that was undone is the contact itself: what it replaced is the contact's own.
WITH p.name AS name, collect({p: p, own: own})[..$most] AS newest
UNWIND newest AS one
RETURN
  name,
  one.p.value AS value,
  one.p.occurred_at.epochMillis * 1000 + one.p.occurred_at.microsecond % 1000 AS occurred,
  one.p.arrived_at.epochMillis * 1000 + one.p.arrived_at.microsecond % 1000 AS arrived,
  one.p.position AS position,
  one.p.message_id AS message_id,
  one.own AS own
