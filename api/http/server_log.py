"""The log of a server: for people or as one JSON object a line, and without personal data unless it is asked for.

What the product logs names no key of anybody. What errors say in their own words may: a database names the value
that it refused. So of an unexpected error the log has the type, the code and the place, and its words only with
``KINFOLD_LOG_PERSONAL=true``.
"""

import logging
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from api.terminal import inert, visible
from graph.settings import Settings

FIELDS = "kinfold_fields"
"""Where a record keeps what belongs to its line beside the message."""

_OTHERS = ("neo4j", "asyncio", "httpx", "httpcore", "opentelemetry")
"""Libraries whose lower levels show statements' parameters and addresses with their queries."""


def log_as_server(settings: Settings) -> None:
    """Write the log of this process to stderr as the settings say."""
    handler = logging.StreamHandler()
    lines = JsonLines if settings.log_format == "json" else TextLines
    handler.setFormatter(lines(personal=settings.log_personal))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    for name in _OTHERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    # Its pool logs every try to find the way while a routed database is away; what came of them is logged here.
    logging.getLogger("neo4j").setLevel(logging.CRITICAL)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


def fields(**values: Any) -> dict[str, dict[str, Any]]:
    """Return the ``extra`` of a logging call whose line has these fields; none of them is a key of a person."""
    return {FIELDS: values}


class _Lines(logging.Formatter):
    def __init__(self, *, personal: bool) -> None:
        super().__init__()
        self.personal = personal

    def described(self, record: logging.LogRecord) -> dict[str, Any]:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info and record.exc_info[1]:
            line["error"] = _described(record.exc_info[1], personal=self.personal)
        return line


class JsonLines(_Lines):
    """One JSON object a line: at, level, logger, message, what belongs to it, and of an error type and place."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        return inert(orjson.dumps(self.described(record), default=str)).decode()


class TextLines(_Lines):
    """One line for people; an error's place on the lines after it."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        line = self.described(record)
        error = line.pop("error", None)
        more = " ".join(f"{name}={value}" for name, value in line.items() if name not in _SAID)
        # One line is one record, whatever stands in it.
        message = visible(f"{line['message']} {more}".rstrip()).replace("\n", "\\n")
        text = f"{line['at']} {line['level']:7} {line['logger']}: {message}"
        while error is not None:
            text += f"\n  {visible(' '.join(filter(None, (error['type'], error.get('code'), error.get('words')))))}"
            text += "".join(f"\n    {place}" for place in error["places"])
            error = error.get("cause")
        return text


_SAID = frozenset({"at", "level", "logger", "message"})


def _described(error: BaseException, *, personal: bool, depth: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = {"type": f"{type(error).__module__}.{type(error).__qualname__}"}
    code = getattr(error, "code", None)
    if isinstance(code, str):
        found["code"] = code
    if personal:
        found["words"] = str(error)
    found["places"] = [
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    cause = error.__cause__ or error.__context__
    if cause is not None and depth < 5:
        found["cause"] = _described(cause, personal=personal, depth=depth + 1)
    return found
