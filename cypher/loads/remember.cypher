// name: loads.remember
// purpose: Keep what the last row of a person said, with the row's first key: both go when the person is erased.
// parameters: rows
// columns: -
// access: write
UNWIND $rows AS row
MATCH (k:Key {namespace: row[0], value: row[1]}) USING INDEX SEEK k:Key(namespace, value)
SET k.last_row = [row[2], row[3]]
