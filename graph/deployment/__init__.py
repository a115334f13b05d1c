"""The tenants of a deployment, each with a graph of its own."""
