"""The way of an event: from its keys to a decision, its effects and the answer."""
