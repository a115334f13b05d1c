// name: database.stand_in_line
// purpose: Wait for the one lock of writers that collided too often, before they take any other.
// parameters: -
// columns: -
// access: write
MERGE (line:WaitingLine {name: 'writers'})
REMOVE line._lock
