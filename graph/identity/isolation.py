"""Many events in one transaction, of which one that no transaction can hold fails alone."""

import logging
from collections.abc import Callable, Sequence

from graph.errors import KinfoldError, Unavailable
from graph.identity.events import Event
from graph.model import Answer

log = logging.getLogger("kinfold.batches")

Resolve = Callable[[Sequence[Event]], list[Answer]]


def resolve_each(resolve: Resolve, events: Sequence[Event]) -> Sequence[Answer | KinfoldError]:
    """Resolve events in one transaction; when it fails for a lasting reason, one by one.

    Raises
    ------
    Unavailable
        When the database is away and nothing was resolved.
    """
    try:
        return resolve(events)
    except Unavailable:
        raise
    except Exception as error:
        if len(events) == 1:
            return [_told(error)]
        name = type(error).__name__
        log.warning("a batch of %d events failed (%s): one by one, so that only the culprit does", len(events), name)
    return _one_by_one(resolve, events)


def _one_by_one(resolve: Resolve, events: Sequence[Event]) -> list[Answer | KinfoldError]:
    answers: list[Answer | KinfoldError] = []
    away: Unavailable | None = None
    for event in events:
        if away:
            answers.append(away)
            continue
        try:
            answers += resolve([event])
        except Unavailable as error:
            # Each further event would wait as long as this one did.
            away = error
            answers.append(error)
        except Exception as error:
            answers.append(_told(error))
    return answers


def _told(error: Exception) -> KinfoldError:
    if isinstance(error, KinfoldError):
        return error
    log.error("an event failed alone", exc_info=error)
    return KinfoldError("The server failed on this event and wrote the reason to its log.")
