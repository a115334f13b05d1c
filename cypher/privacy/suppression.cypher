// name: privacy.suppression
// purpose: Say with which secret keys are suppressed, and how often the list has changed.
// parameters: name
// columns: value, version
// access: read
// plan: kept
MATCH (s:Secret {name: $name}) USING INDEX SEEK s:Secret(name)
RETURN s.value AS value, s.version AS version
