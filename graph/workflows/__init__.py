"""Workflows: who is in them, and what each node ran with."""
