// name: resolution.create_keys
// purpose: Create keys that come into the graph in another way than with their only owner.
// parameters: keys
// columns: -
// access: write
// plan: kept
UNWIND $keys AS row
CREATE (:Key:$(row.label) {namespace: row.namespace, value: row.value})
