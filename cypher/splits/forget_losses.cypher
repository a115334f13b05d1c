// name: splits.forget_losses
// purpose: Forget which person keys some contacts lost, to note anew what is left of it where a split is undone.
// parameters: contacts
// columns: -
// access: write
UNWIND $contacts AS contact
MATCH (c:Contact {id: contact})-[:LOST_NAME]->(loss:NameLoss) USING INDEX SEEK c:Contact(id)
DETACH DELETE loss
