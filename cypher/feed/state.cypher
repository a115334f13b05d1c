// name: feed.state
// purpose: Read the highest number that was given, and the highest that was swept away.
// parameters: name
// columns: last, swept
// access: read
MATCH (f:Feed {name: $name}) USING INDEX SEEK f:Feed(name)
RETURN f.last AS last, f.swept AS swept
