// name: splits.forget_losses
// purpose: Delete the noted losses of person keys of some contacts, which are written anew when a split is undone.
// parameters: contacts
// columns: -
// access: write
UNWIND $contacts AS contact
MATCH (c:Contact {id: contact})-[:LOST_NAME]->(loss:NameLoss) USING INDEX SEEK c:Contact(id)
DETACH DELETE loss
