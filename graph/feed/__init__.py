"""The change feed: what was done to contacts and by operators, in order, and its delivery to webhooks."""
