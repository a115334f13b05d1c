// name: segments.check
// purpose: Tell which of some contacts meet which of some conditions now.
// parameters: contact_ids, now, programs
// columns: contact, segment
// access: read
UNWIND $contact_ids AS contact_id
MATCH (c:Contact {id: contact_id}) USING INDEX SEEK c:Contact(id)
UNWIND $programs AS program
CALL (c, program) {
  // insert: segments.truths
  RETURN reduce(known = truths, node IN program.nodes | known + [
    // insert: segments.connective
    ])[-1] AS member
}
WITH c, program, member WHERE member
RETURN c.id AS contact, program.segment AS segment
