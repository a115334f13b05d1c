"""Logs of events: read line by line, and replayed under other policies."""
