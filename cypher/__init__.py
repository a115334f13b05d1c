"""Every Cypher statement the product runs, one a file; this package holds no code."""
