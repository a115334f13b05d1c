"""Callbacks for those who watch: what one of them raises is theirs, and never stops what it watches."""

import logging
from collections.abc import Callable
from typing import ParamSpec

Given = ParamSpec("Given")

log = logging.getLogger("kinfold.callbacks")


def notify(callback: Callable[Given, object], *args: Given.args, **kwargs: Given.kwargs) -> None:
    """Call a callback; log what it raises and go on."""
    try:
        callback(*args, **kwargs)
    except Exception:
        log.exception("a callback failed; what it was told is done")
