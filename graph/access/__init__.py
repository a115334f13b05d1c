"""Access keys of callers."""
