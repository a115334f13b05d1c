// name: explore.key_changes
// purpose: Read which keys were given to and taken from a contact, and those folded into it, by hand.
// parameters: contact_id
// columns: id, contact, action, key, value, at
// access: read
MATCH (contact:Contact {id: $contact_id})<-[:TO*0..]-(holder) USING INDEX SEEK contact:Contact(id)
MATCH (holder)<-[:BY_HAND_ON]-(change:KeyChange)
RETURN
  change.id AS id,
  holder.id AS contact,
  change.action AS action,
  change.key AS key,
  change.value AS value,
  change.at.epochMillis * 1000 + change.at.microsecond % 1000 AS at
