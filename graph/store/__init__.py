"""The database room: the only place that opens sessions, retries and commits; statements and migrations."""
