"""Values of tables: what a cell says, whatever spreadsheet, database or warehouse wrote it."""

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from graph.clock import rfc3339

_EXACT = 15
"""So many digits survive as a number in every program that reads JSON."""
_WHOLE = 2**53
"""Beyond it a float has lost digits of a whole number."""
_INTEGER = re.compile(rf"-?(0|[1-9]\d{{0,{_EXACT - 1}}})")
_DECIMAL = re.compile(r"-?(0|[1-9]\d*)\.\d+")
_WHOLE_FLOAT = re.compile(r"([1-9]\d*|0)\.0+")
_TIME = re.compile(
    r"(\d{4})[-/](\d\d)[-/](\d\d)"
    r"(?:[Tt ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9}))?\s*([Zz]|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?"
)
_COMPACT_DATE = re.compile(r"(?:19|20)\d{6}")
_EPOCH = re.compile(r"\d{9,19}")
_EPOCH_AND_FRACTION = re.compile(r"(\d{9,10})\.(\d{1,9})")
_BOOLEANS = {"true": True, "false": False}
_SAID_BOOLEANS = {**_BOOLEANS, "yes": True, "no": False, "y": True, "n": False, "1": True, "0": False}
_NOTHING = frozenset({"nan", "null", "\\n", "#n/a"})
"""What stands in an empty cell of a column that holds numbers, booleans or times."""
_SAFE_APOSTROPHE = re.compile(r"'[-+=@\d]")


class ColumnType(StrEnum):
    """How the cells of a CSV's column are read."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"


def number(text: str) -> int | float | None:
    """Return the number that a text is; None when it is not one, or would lose digits.

    >>> number("120.50"), number("007"), number("1e5"), number("12345678901234567890")
    (120.5, None, None, None)
    """
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text) and sum(map(str.isdigit, text)) <= _EXACT:
        return float(text)
    return None


def boolean(text: str) -> bool | None:
    """Return what ``TRUE`` and ``false`` say, None for anything else."""
    return _BOOLEANS.get(text.lower())


def moment(text: str) -> str | None:
    """Return a time as RFC 3339 in UTC, a date as a date; None when a text is neither.

    >>> moment("2024-03-01 10:00:00 UTC"), moment("2024-03-01 10:00 +0100"), moment("2024-03-01")
    ('2024-03-01T10:00:00Z', '2024-03-01T09:00:00Z', '2024-03-01')
    """
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    year, month, day, clock, fraction, zone = match.groups()
    written = f"{year}-{month}-{day}"
    try:
        if clock is None:
            return date.fromisoformat(written).isoformat()
        offset = "+00:00" if zone is None or zone.upper() in ("Z", "UTC", "GMT") else zone
        second = f".{fraction[:6].ljust(6, '0')}" if fraction else ""
        clock = clock if len(clock) > 5 else f"{clock}:00"
        return rfc3339(datetime.fromisoformat(f"{written}T{clock}{second}{offset}"))
    except (ValueError, OverflowError):
        return None


def occurred(value: Any) -> Any:
    """Return when something was true, as an event says it; what cannot be read as a time stays as it is.

    >>> occurred("1709287200"), occurred(1709287200000000), occurred("1709287200.25"), occurred("20240301")
    ('2024-03-01T10:00:00Z', '2024-03-01T10:00:00Z', '2024-03-01T10:00:00.250000Z', '2024-03-01T00:00:00Z')
    >>> occurred("yesterday")
    'yesterday'
    """
    if isinstance(value, date) and not isinstance(value, datetime):
        return f"{value.isoformat()}T00:00:00Z"
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
    if _COMPACT_DATE.fullmatch(text):
        read = moment(f"{text[:4]}-{text[4:6]}-{text[6:]}")
    elif _EPOCH.fullmatch(text):
        read = _epoch(int(text))
    elif match := _EPOCH_AND_FRACTION.fullmatch(text):
        read = _epoch(int(match[1] + match[2][:6].ljust(6, "0")))
    else:
        read = moment(text)
    if read is None:
        return value
    return f"{read}T00:00:00Z" if len(read) == len("2024-03-01") else read


def _epoch(count: int) -> str | None:
    """Return the time that a number of seconds, milliseconds, microseconds or nanoseconds is."""
    microseconds = next(
        (count * 1_000_000 // scale for scale, end in _EPOCHS if count < end),
        count // 1_000,
    )
    try:
        return rfc3339(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds))
    except OverflowError:
        return None


_EPOCHS = ((1, 10**11), (1_000, 10**14), (1_000_000, 10**17))


def plain(value: Any) -> Any:
    """Return a value of Parquet as JSON has it: decimals are numbers where none of their digits is lost, and texts
    where one would be; NaN is nothing.

    >>> plain(Decimal("1.50")), plain(Decimal("12345678901234567.5")), plain(float("nan"))
    (1.5, '12345678901234567.5', None)
    """
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, Decimal):
        return _plain_decimal(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return value


def _plain_decimal(value: Decimal) -> int | float | str | None:
    if value.is_nan():
        return None
    if not value.is_finite():
        return str(value)
    if value == value.to_integral_value() and abs(value) < 10**18:
        return int(value)
    return float(value) if len(value.normalize().as_tuple().digits) <= _EXACT else f"{value:f}"


def key_text(value: Any) -> Any:
    """Return a number that stands for an id as its digits; anything else stays.

    >>> key_text(42), key_text(42.0), key_text(42.5), key_text(True), key_text(1e300)
    ('42', '42', 42.5, True, 1e+300)
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < _WHOLE:
        return str(int(value))
    return value


def without_apostrophe(text: str) -> str:
    """Take off the apostrophe that keeps a spreadsheet from reading a number or a formula."""
    return text[1:] if _SAFE_APOSTROPHE.match(text) else text


_READERS: dict[ColumnType, Callable[[str], Any]] = {
    ColumnType.NUMBER: number,
    ColumnType.BOOLEAN: boolean,
    ColumnType.DATE: moment,
}


class Inference:
    """What every cell of a column that was seen so far may be."""

    def __init__(self) -> None:
        self._left = dict(_READERS)
        self._seen = False

    def see(self, text: str) -> None:
        """Take one more cell into account."""
        if not self._left or text.lower() in _NOTHING:
            return
        self._seen = True
        for kind in [kind for kind, read in self._left.items() if read(text) is None]:
            del self._left[kind]

    @property
    def result(self) -> ColumnType:
        """The type that fits every cell."""
        return next(iter(self._left)) if self._seen and self._left else ColumnType.TEXT


class WholeFloats:
    """Whether every id of a column was written as a float, as programs do that have no empty integers."""

    def __init__(self) -> None:
        self._seen = self._other = False

    def see(self, text: str) -> None:
        """Take one more cell into account."""
        self._seen = True
        self._other = self._other or not _WHOLE_FLOAT.fullmatch(text)

    @property
    def result(self) -> bool:
        """True when there were ids, and each was one."""
        return self._seen and not self._other


def inferred(kind: ColumnType, text: str) -> Any:
    """Read a cell of a column whose type was inferred; None where it says nothing."""
    if kind is ColumnType.TEXT:
        return without_apostrophe(text)
    return None if text.lower() in _NOTHING else _READERS[kind](text)


def declared(kind: ColumnType, form: str | None, text: str) -> Any:
    """Read a cell of a column whose type was said; None when it does not fit.

    >>> declared(ColumnType.BOOLEAN, None, "Yes"), declared(ColumnType.DATE, "%m/%d/%Y", "03/01/2024")
    (True, '2024-03-01')
    """
    if kind is ColumnType.TEXT:
        return text
    if kind is ColumnType.BOOLEAN:
        return _SAID_BOOLEANS.get(text.lower())
    if kind is ColumnType.DATE and form is not None:
        return _formed(form, text)
    return _READERS[kind](text)


def _formed(form: str, text: str) -> str | None:
    try:
        read = datetime.strptime(text, form)
    except ValueError:
        return None
    return rfc3339(read) if "%H" in form or "%I" in form else read.date().isoformat()
