"""Segments: static lists, and conditions that the database evaluates whenever somebody reads them."""
