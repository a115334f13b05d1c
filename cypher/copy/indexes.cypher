// name: copy.indexes
// purpose: Read the statements that make the indexes, without those that a constraint or the server itself makes.
// parameters: -
// columns: text
// access: read
SHOW INDEXES YIELD name, type, owningConstraint, createStatement
WHERE owningConstraint IS NULL AND type <> 'LOOKUP'
RETURN createStatement AS text ORDER BY name
