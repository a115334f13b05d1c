"""Reports: what became of what an environment proposed, counted by offer, by space or by day."""

from datetime import datetime
from typing import Any, Literal, get_args

from graph.offers.catalogues import Catalogues
from graph.store.database import Database

By = Literal["offer", "space", "day"]
BY: tuple[By, ...] = get_args(By)
COUNTS = ("proposed", "presented", "clicked", "accepted", "refused")


class Reports:
    """Count propositions and their outcomes."""

    def __init__(self, database: Database, catalogues: Catalogues) -> None:
        self._database = database
        self._catalogues = catalogues

    def of(
        self, environment: str, by: By, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[dict[str, Any]]:
        """Count an environment's propositions, by name of what they are counted by.

        Parameters
        ----------
        by
            ``offer``, ``space`` (the one that was asked) or ``day`` (of arrival, in UTC).
        since, until
            From which time of arrival on, and before which.

        Raises
        ------
        NotFound
            When there is no such environment.
        """
        self._catalogues.environment(environment)
        given = {"environment": environment, "by": by, "from": since, "to": until}
        rows = self._database.read(lambda tx: tx.run("offers.report", **given))
        return [{by: row["name"]} | {name: row[name] for name in COUNTS} for row in rows]
