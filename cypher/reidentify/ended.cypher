// name: reidentify.ended
// purpose: Tell which keys are no more: the push service refused them, or others took their place.
// parameters: keys
// columns: namespace, value
// access: read
UNWIND $keys AS key
MATCH (k:Key {namespace: key[0], value: key[1]}) USING INDEX SEEK k:Key(namespace, value)
WHERE k.ended IS NOT NULL
RETURN k.namespace AS namespace, k.value AS value
