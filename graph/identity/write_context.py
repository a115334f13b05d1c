"""What every writer of one deployment works with."""

from dataclasses import dataclass, field

from graph.clock import Clock, IdSource, RandomIds
from graph.identity.decision import Limits
from graph.identity.namespaces import DEFAULT_NAMESPACES, Namespaces
from graph.identity.union_rules import Rules
from graph.identity.working_set import WorkingSet
from graph.store.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class WriteContext:
    """A database, the rules that its graph is written by, and where times and ids come from."""

    database: Database
    namespaces: Namespaces = DEFAULT_NAMESPACES
    limits: Limits = field(default_factory=Limits)
    union_rules: Rules = field(default_factory=dict)
    id_source: IdSource = field(default_factory=RandomIds)
    clock: Clock = field(default_factory=Clock)

    def working_set(self, tx: Transaction) -> WorkingSet:
        """Return an empty working set that reads in a transaction, under locks."""
        return WorkingSet(tx.run, self.id_source, namespaces=self.namespaces, union_rules=self.union_rules)
