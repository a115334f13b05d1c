"""The decision table: a pure function from (keys, facts, policy) to a decision; no I/O, only types."""

from graph.identity.decision.decide import Decision, decide
from graph.identity.decision.explain import explain, retell
from graph.identity.decision.facts import ContactFacts, EventKeysLike, Facts, Limits
from graph.identity.decision.policy import CONTINUITY, LAST_LOGIN, POLICIES, STRICT, Policy
from graph.identity.decision.table import TABLE

__all__ = [
    "CONTINUITY",
    "LAST_LOGIN",
    "POLICIES",
    "STRICT",
    "TABLE",
    "ContactFacts",
    "Decision",
    "EventKeysLike",
    "Facts",
    "Limits",
    "Policy",
    "decide",
    "explain",
    "retell",
]
