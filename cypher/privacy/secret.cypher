// name: privacy.secret
// purpose: Give this deployment's secret, made when there is none.
// parameters: name, value
// columns: value
// access: write
MERGE (s:Secret {name: $name})
  ON CREATE SET s.value = $value, s.version = 0
RETURN s.value AS value
