// name: explore.key_changes
// purpose: Read which keys were given to and taken from a contact, and those folded into it, and what befell its subscriptions.
// parameters: contact_id
// columns: id, contact, action, key, value, replaced_by, message_id, at, occurred
// access: read
MATCH (contact:Contact {id: $contact_id})<-[:TO*0..]-(holder) USING INDEX SEEK contact:Contact(id)
MATCH (holder)<-[:BY_HAND_ON|BEFELL]-(change:KeyChange)
CALL (change) {
  OPTIONAL MATCH (a:Activity {message_id: change.message_id}) USING INDEX SEEK a:Activity(message_id)
  RETURN a
}
RETURN
  change.id AS id,
  holder.id AS contact,
  change.action AS action,
  change.key AS key,
  change.value AS value,
  change.replaced_by AS replaced_by,
  change.message_id AS message_id,
  change.at.epochMillis * 1000 + change.at.microsecond % 1000 AS at,
  a.occurred_at.epochMillis * 1000 + a.occurred_at.microsecond % 1000 AS occurred
