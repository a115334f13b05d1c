// name: copy.constraints
// purpose: Read the statements that make the constraints.
// parameters: -
// columns: text
// access: read
SHOW CONSTRAINTS YIELD name, createStatement
RETURN createStatement AS text ORDER BY name
