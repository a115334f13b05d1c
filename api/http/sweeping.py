"""What a server tidies up beside its calls: activity too old to be kept, erasures that were interrupted."""

import asyncio
import logging

from api.http.requests import in_thread
from graph.errors import KinfoldError
from graph.kinfold import Kinfold

log = logging.getLogger("kinfold.sweeping")

EVERY_SECONDS = 600.0


async def sweep_now_and_then(kinfold: Kinfold, every: float = EVERY_SECONDS) -> None:
    """Sweep at once and then every ten minutes, until cancelled; what went wrong is tried again the next time."""
    while True:
        try:
            swept = await in_thread(kinfold.sweep)
            if any(swept.values()):
                log.info("swept %(activities)d activities and %(erasures)d interrupted erasures", swept)
        except KinfoldError as error:
            log.warning("the sweep is put off: %s", error.detail)
        except Exception:
            log.exception("the sweep failed")
        await asyncio.sleep(every)
