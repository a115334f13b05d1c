"""What would change: an operation is carried out in a transaction that is rolled back, and looked at in between."""

from collections.abc import Callable, Iterable
from typing import Any

from graph.explore.contacts import Document, documents
from graph.identity.write_context import WriteContext
from graph.store.database import Transaction

Change = dict[str, Any]


def preview(
    context: WriteContext, contact_ids: Iterable[str], operation: Callable[[Transaction], Iterable[str]]
) -> list[Document]:
    """Describe, contact by contact and field by field, what an operation would change.

    Parameters
    ----------
    contact_ids
        Contacts to look at before and after.
    operation
        Does it in the given transaction and returns further contacts to look at afterwards.

    Returns
    -------
    list of dict
        ``{contact, exists_before, exists_after, changes: [{field, before, after}]}`` for each contact that
        would change; nothing is written.
    """
    first = list(dict.fromkeys(contact_ids))

    def work(tx: Transaction) -> tuple[list[str], list[Document], list[Document]]:
        before = documents(tx, first, context.namespaces)
        ids = list(dict.fromkeys([*first, *operation(tx)]))
        return ids, before, documents(tx, ids, context.namespaces)

    ids, old, new = context.database.rehearse(work)
    before = {document["id"]: document for document in old}
    after = {document["id"]: document for document in new}
    found = []
    for contact_id in ids:
        changes = differences(before.get(contact_id), after.get(contact_id))
        if changes:
            found.append(
                {
                    "contact": contact_id,
                    "exists_before": contact_id in before,
                    "exists_after": contact_id in after,
                    "changes": changes,
                }
            )
    return found


def differences(before: Document | None, after: Document | None) -> list[Change]:
    """List the fields in which two documents of a contact differ; properties and workflows one by one."""
    old, new = _flat(before), _flat(after)
    return [
        {"field": name, "before": old.get(name), "after": new.get(name)}
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name) and (_says(old.get(name)) or _says(new.get(name)))
    ]


def _flat(document: Document | None) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in (document or {}).items():
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}": inner_value for inner, inner_value in value.items()}
        else:
            flat[name] = value
    return flat


def _says(value: Any) -> bool:
    """Return whether a field holds anything: a contact that comes back gains no empty lists."""
    return value is not None and value not in ([], {})
