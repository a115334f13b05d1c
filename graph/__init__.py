"""The product without doors: keys, facts, the decision table, the resolver, and the database room."""
