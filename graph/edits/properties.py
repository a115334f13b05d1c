"""Properties written by hand."""

from graph.clock import Clock, Mint, RandomMint
from graph.edits.preview import preview
from graph.explore.contacts import Document, documents, living_contact, redirected
from graph.feed.changes import acting
from graph.identity.working_set import World
from graph.identity.working_set.write import write_world
from graph.model import Properties
from graph.store.database import Database, Transaction


class PropertiesByHand:
    """Writes properties to contacts, as an event of this moment would."""

    def __init__(self, database: Database, *, mint: Mint | None = None, clock: Clock | None = None) -> None:
        self._database = database
        self._mint = mint or RandomMint()
        self._clock = clock or Clock()

    def write(self, contact_id: str, values: Properties) -> Document:
        """Write properties to a contact (None removes one) and give the contact as it is then.

        Raises
        ------
        NotFound
            When no contact ever had this id.
        """

        def work(tx: Transaction) -> Document:
            (document,) = documents(tx, [self._write(tx, contact_id, values)])
            return redirected(document, contact_id)

        return self._database.write(work)

    def preview(self, contact_id: str, values: Properties) -> list[Document]:
        """Say field by field what writing would change; nothing is written."""
        living = self._database.read(lambda tx: living_contact(tx, contact_id))
        return preview(self._database, (living,), lambda tx: (self._write(tx, contact_id, values, lock=False),))

    def _write(self, tx: Transaction, contact_id: str, values: Properties, *, lock: bool = True) -> str:
        living = living_contact(tx, contact_id)
        world = World(tx.run, self._mint, lock=lock)
        world.load(contacts=[living])
        contact = world.contacts[living]
        at = self._clock.next(after=contact.seen)
        world.write_properties(contact, values, at, at, None)
        world.note("properties_written", at, contact.id, properties=list(values), by=acting())
        write_world(world)
        return living
