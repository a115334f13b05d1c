// name: database.ping
// purpose: A sign of life.
// parameters: -
// columns: alive
// access: read
RETURN true AS alive
