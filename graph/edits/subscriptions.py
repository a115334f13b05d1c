"""Subscriptions that a push service refused: they are nobody's any more."""

from collections.abc import Sequence

from graph.identity.keys import valid_key
from graph.identity.subscriptions import end
from graph.identity.working_set.write import write_working_set
from graph.identity.write_context import WriteContext
from graph.model import KeyName, KeyRef
from graph.store.database import RECEIPT, Transaction


class SubscriptionEdits:
    """Takes subscriptions that are gone from whoever owned them."""

    def __init__(self, context: WriteContext) -> None:
        self._context, self._database = context, context.database

    def gone(self, subscriptions: Sequence[tuple[KeyName, str]]) -> int:
        """Make subscriptions nobody's, in one transaction; return how many of them somebody owned.

        Parameters
        ----------
        subscriptions
            Each with the name of its namespace, as it was sent. One that is invalid, or nobody's, is passed over; one
            that comes again later is a new key.
        """
        refs = dict.fromkeys(
            ref for name, raw in subscriptions if (ref := valid_key(name, raw, self._context.namespaces)) is not None
        )
        if not refs:
            return 0
        return self._database.write(lambda tx: self._end(tx, list(refs)), committed=RECEIPT)

    def _end(self, tx: Transaction, refs: Sequence[KeyRef]) -> int:
        working_set = self._context.working_set(tx)
        working_set.load(keys=refs)
        at = self._context.clock.next(after=max((contact.seen for contact in working_set.contacts.values()), default=0))
        there = sum(end(working_set, ref, at) for ref in refs)
        write_working_set(working_set)
        return there
