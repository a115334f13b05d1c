// name: segments.connective
// purpose: Tell what a connective makes of the truths before it.
// needs: known, node
CASE node.op
  WHEN 'all' THEN all(place IN node.of WHERE known[place])
  WHEN 'any' THEN any(place IN node.of WHERE known[place])
  ELSE NOT known[node.of[0]] END
