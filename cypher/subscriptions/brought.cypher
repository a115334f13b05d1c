// name: subscriptions.brought
// purpose: List the subscriptions that some devices last brought, by their keys.
// parameters: devices
// columns: namespace, value
// access: read
// plan: kept
UNWIND $devices AS wanted
MATCH (device:Key {namespace: wanted[0], value: wanted[1]}) USING INDEX SEEK device:Key(namespace, value)
MATCH (device)<-[:BROUGHT_BY]-(k:Key)
RETURN DISTINCT k.namespace AS namespace, k.value AS value
