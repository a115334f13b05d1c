// name: anomalies.alerted
// purpose: Tell which keys events raised a finding of already.
// parameters: keys
// columns: namespace, value
// access: read
UNWIND $keys AS wanted
MATCH (k:Key {namespace: wanted[0], value: wanted[1]}) USING INDEX SEEK k:Key(namespace, value)
WHERE k.alert_at IS NOT NULL
RETURN k.namespace AS namespace, k.value AS value
