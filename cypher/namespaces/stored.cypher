// name: namespaces.stored
// purpose: Read the namespaces that were declared for this graph, in order of declaration, under the lock of whoever declares.
// parameters: -
// columns: name, settings
// access: write
MERGE (lock:Schema {name: 'namespaces'})
SET lock._lock = true
REMOVE lock._lock
WITH lock
MATCH (n:Namespace)
RETURN n.name AS name, n {.*} AS settings
ORDER BY n.position
