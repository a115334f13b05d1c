// name: namespaces.declared
// purpose: Read the namespaces that were declared for this graph, in order of declaration.
// parameters: -
// columns: name, settings
// access: read
MATCH (n:Namespace)
RETURN n.name AS name, n {.*} AS settings
ORDER BY n.position
