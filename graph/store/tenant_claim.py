"""Keep the graphs of two tenants apart: a graph belongs to the first tenant that opened it."""

from graph.store.database import REPEATABLE, Database


class AnotherTenant(RuntimeError):
    """A graph that belongs to another tenant."""


def claim(database: Database, tenant: str) -> None:
    """Make the graph this tenant's for good, or find that it is.

    Raises
    ------
    AnotherTenant
        When it is another's.
    """
    owner = database.write(lambda tx: tx.run("tenants.claim", tenant=tenant)[0]["tenant"], committed=REPEATABLE)
    if owner != tenant:
        raise AnotherTenant(
            f"The database of tenant {tenant} belongs to tenant {owner}. Nothing of it was read or changed; "
            "give each tenant a database of its own."
        )
