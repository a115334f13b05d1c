"""Properties written by hand."""

from graph.clock import Clock, IdSource, RandomIds
from graph.edits.preview import preview
from graph.errors import BadInput, FieldError
from graph.explore.contacts import Document, documents, redirected
from graph.identity.decision import Limits
from graph.identity.living import living_contact
from graph.identity.namespaces import DEFAULT_NAMESPACES, Namespaces
from graph.identity.working_set import WorkingSet
from graph.identity.working_set.write import write_working_set
from graph.model import Properties
from graph.store.changes import acting
from graph.store.database import RECEIPT, Database, Transaction


class PropertyEdits:
    """Writes properties to contacts, as an event of this moment would."""

    def __init__(
        self,
        database: Database,
        *,
        limits: Limits | None = None,
        id_source: IdSource | None = None,
        clock: Clock | None = None,
        namespaces: Namespaces = DEFAULT_NAMESPACES,
    ) -> None:
        self._database = database
        self._limits = limits or Limits()
        self._id_source = id_source or RandomIds()
        self._clock = clock or Clock()
        self._namespaces = namespaces

    def write(self, contact_id: str, values: Properties) -> Document:
        """Write properties to a contact (None removes one) and give the contact as it is then.

        Raises
        ------
        BadInput
            When the contact would have too many names of properties.
        NotFound
            When no contact ever had this id.
        """

        def work(tx: Transaction) -> Document:
            (document,) = documents(tx, [self._write(tx, contact_id, values)])
            return redirected(document, contact_id)

        return self._database.write(work, committed=RECEIPT)

    def preview(self, contact_id: str, values: Properties) -> list[Document]:
        """Describe field by field what writing would change; nothing is written."""
        living = self._database.read(lambda tx: living_contact(tx, contact_id))
        return preview(self._database, (living,), lambda tx: (self._write(tx, contact_id, values, lock=False),))

    def _write(self, tx: Transaction, contact_id: str, values: Properties, *, lock: bool = True) -> str:
        living = living_contact(tx, contact_id)
        working_set = WorkingSet(tx.run, self._id_source, lock=lock, namespaces=self._namespaces)
        working_set.load(contacts=[living])
        contact = working_set.contacts[living]
        at = self._clock.next(after=contact.seen)
        if not working_set.write_properties(contact, values, at, at, None, most=self._limits.max_properties):
            message = f"a contact has at most {self._limits.max_properties} names of properties, removed ones too"
            raise BadInput([FieldError("properties", "too_many", message)])
        working_set.note("properties_written", at, contact.id, properties=list(values), by=acting())
        write_working_set(working_set)
        return living
