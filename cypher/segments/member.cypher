// name: segments.member
// purpose: Tell whether a contact meets a condition now, and go on with all there was and member.
// needs: c
CALL (c) {
  WITH c, {names: $names, events: $events, leaves: $leaves, nodes: $nodes} AS program
  // insert: segments.truths
  RETURN reduce(known = truths, node IN program.nodes | known + [
    // insert: segments.connective
    ])[-1] AS member
}
