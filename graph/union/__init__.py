"""Union of contacts: folding one into another, the journal of it, and taking it back exactly."""
