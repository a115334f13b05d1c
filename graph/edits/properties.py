"""Properties written by hand."""

from graph.edits.preview import preview
from graph.errors import BadInput, FieldError
from graph.explore.contacts import Document, documents, redirected
from graph.identity.living import living_contact
from graph.identity.working_set.write import write_working_set
from graph.identity.write_context import WriteContext
from graph.model import Properties
from graph.store.changes import acting
from graph.store.database import RECEIPT, Transaction


class PropertyEdits:
    """Writes properties to contacts, as an event of this moment would."""

    def __init__(self, context: WriteContext) -> None:
        self._context, self._database = context, context.database

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
            (document,) = documents(tx, [self._write(tx, contact_id, values)], self._context.namespaces)
            return redirected(document, contact_id)

        return self._database.write(work, committed=RECEIPT)

    def preview(self, contact_id: str, values: Properties) -> list[Document]:
        """Describe field by field what writing would change; nothing is written."""
        living = self._database.read(lambda tx: living_contact(tx, contact_id))
        return preview(self._context, (living,), lambda tx: (self._write(tx, contact_id, values),))

    def _write(self, tx: Transaction, contact_id: str, values: Properties) -> str:
        living = living_contact(tx, contact_id)
        working_set = self._context.working_set(tx)
        working_set.load(contacts=[living])
        contact = working_set.contacts[living]
        at = self._context.clock.next(after=contact.seen)
        if not working_set.write_properties(contact, values, at, at, None, most=self._context.limits.max_properties):
            message = (
                f"a contact has at most {self._context.limits.max_properties} names of properties, removed ones too"
            )
            raise BadInput([FieldError("properties", "too_many", message)])
        working_set.note("properties_written", at, contact.id, properties=list(values), by=acting())
        write_working_set(working_set, tx.defer)
        return living
