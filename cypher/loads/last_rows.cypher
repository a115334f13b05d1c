// name: loads.last_rows
// purpose: Say what the last row of a person said and under which message it was loaded, by the row's first key.
// parameters: keys
// columns: name, value, last_row
// access: read
UNWIND $keys AS wanted
MATCH (k:Key {namespace: wanted[0], value: wanted[1]}) USING INDEX SEEK k:Key(namespace, value)
WHERE k.last_row IS NOT NULL
RETURN k.namespace AS name, k.value AS value, k.last_row AS last_row
