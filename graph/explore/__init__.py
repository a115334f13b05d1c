"""Read what is known: contacts, their history, the graph around them, search."""
