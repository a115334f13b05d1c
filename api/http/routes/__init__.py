"""The routes, by capability."""
