"""Values of tables: what a cell says, whatever spreadsheet, database or warehouse wrote it."""

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

from graph.clock import rfc3339

_EXACT = 15
"""So many digits survive as a number in every program that reads JSON."""
_WHOLE = 2**53
"""Beyond it a float has lost digits of a whole number."""
_INTEGER = re.compile(rf"-?(0|[1-9]\d{{0,{_EXACT - 1}}})")
_DECIMAL = re.compile(r"-?(0|[1-9]\d*)\.\d+")
_COMMA_NUMBER = re.compile(r"-?(?:(?:0|[1-9]\d*)|[1-9]\d{0,2}(?:[.\u0020\u00a0\u202f']\d{3})+)(?:,\d+)?")
_GROUPS = re.compile(r"[.\u0020\u00a0\u202f']")
_WHOLE_FLOAT = re.compile(r"([1-9]\d*|0)\.0+")
_TIME = re.compile(
    r"(\d{4})[-/](\d\d?)[-/](\d\d?)"
    r"(?:[Tt ](\d\d?:\d\d(?::\d\d)?)(?:[.,](\d{1,9}))?\s*([AaPp][Mm])?\s*([Zz]|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?"
)
_YEAR_LAST = re.compile(r"(\d\d?)([./-])(\d\d?)\2(\d{4}|\d\d)(?:,?[Tt ]\s*(\d\d?:\d\d(?::\d\d)?)\s*([AaPp][Mm])?)?")
_OF_MAIL = re.compile(r"(?:[A-Z][a-z]{2}, )?\d\d? [A-Z][a-z]{2} \d{4} \d\d:\d\d(?::\d\d)? (?:GMT|UTC|[+-]\d{4})")
_SERIAL = re.compile(r"[2-7]\d{4}(?:[.,]\d+)?")
_FIRST_DAY = datetime(1899, 12, 30, tzinfo=UTC)
"""Day 0 of spreadsheets."""
_COMPACT_DATE = re.compile(r"(?:19|20)\d{6}")
_EPOCH = re.compile(r"\d{9,19}")
_EPOCH_AND_FRACTION = re.compile(r"(\d{9,10})\.(\d{1,9})")
_BOOLEANS = {
    **dict.fromkeys(("true", "wahr", "vrai", "verdadero", "verdadeiro", "vero", "waar"), True),
    **dict.fromkeys(("false", "falsch", "faux", "falso", "onwaar"), False),
}
"""As spreadsheets write them in their languages."""
_SAID_BOOLEANS = {**_BOOLEANS, "yes": True, "no": False, "y": True, "n": False, "1": True, "0": False}
_NOTHING = frozenset(
    {"nan", "null", "\\n", "none", "undefined", "n/a", "na", "-", "(null)", "(none)", "(not set)"}
    | {"#n/a", "#nv", "#ref!", "#value!", "#wert!", "#name?", "#div/0!", "#null!", "#num!"}
)
"""What stands in an empty cell of a column that holds numbers, booleans or times."""
_TEXT_FORMULA = re.compile(r'="[^"]*"')
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


def comma_number(text: str) -> int | float | None:
    """Return the number that a text is where a comma is the decimal sign; None as `number`.

    >>> comma_number("120,50"), comma_number("1.234,5"), comma_number("1 234"), comma_number("01,5")
    (120.5, 1234.5, 1234, None)
    """
    return number(_GROUPS.sub("", text).replace(",", ".")) if _COMMA_NUMBER.fullmatch(text) else None


def boolean(text: str) -> bool | None:
    """Return what ``TRUE`` and ``false`` say, or ``WAHR`` and ``faux``; None for anything else."""
    return _BOOLEANS.get(text.lower())


def moment(text: str) -> str | None:
    """Return a time as RFC 3339 in UTC, a date as a date; None when a text is neither.

    >>> moment("2024-03-01 10:00:00 UTC"), moment("2024-03-01 10:00 +0100"), moment("2024-03-01")
    ('2024-03-01T10:00:00Z', '2024-03-01T09:00:00Z', '2024-03-01')
    """
    if (match := _TIME.fullmatch(text)) is None:
        return _of_mail(text) if _OF_MAIL.fullmatch(text) else None
    year, month, day, clock, fraction, half, zone = match.groups()
    return _moment((year, month, day), clock, half, fraction=fraction, zone=zone)


def _moment(
    day: tuple[str, str, str],
    clock: str | None,
    half: str | None,
    *,
    fraction: str | None = None,
    zone: str | None = None,
) -> str | None:
    written = "-".join(part.zfill(2) for part in day)
    try:
        if clock is None:
            return date.fromisoformat(written).isoformat()
        offset = "+00:00" if zone is None or zone.upper() in ("Z", "UTC", "GMT") else zone
        second = f".{fraction[:6].ljust(6, '0')}" if fraction else ""
        hour, _, rest = clock.partition(":")
        if half is not None:
            if not 1 <= int(hour) <= 12:
                return None
            hour = str(int(hour) % 12 + (12 if half.lower() == "pm" else 0))
        rest = rest if len(rest) > 2 else f"{rest}:00"
        return rfc3339(datetime.fromisoformat(f"{written}T{hour.zfill(2)}:{rest}{second}{offset}"))
    except (ValueError, OverflowError):
        return None


def _of_mail(text: str) -> str | None:
    try:
        return rfc3339(parsedate_to_datetime(text).astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def day_first(text: str) -> str | None:
    """Return a time whose year is last and whose day is first, as `moment` does; None when a text is none.

    >>> day_first("01.03.2024 10:00"), day_first("13/3/24"), day_first("03/13/2024")
    ('2024-03-01T10:00:00Z', '2024-03-13', None)
    """
    return _year_last(text, month_first=False)


def month_first(text: str) -> str | None:
    """Return a time whose year is last and whose month is first; nobody writes points between these.

    >>> month_first("3/1/2024 1:05 PM"), month_first("13/03/2024"), month_first("01.03.2024")
    ('2024-03-01T13:05:00Z', None, None)
    """
    return _year_last(text, month_first=True)


def _year_last(text: str, *, month_first: bool) -> str | None:
    if (match := _YEAR_LAST.fullmatch(text)) is None:
        return None
    day, mark, month, year, clock, half = match.groups()
    if month_first:
        if mark == ".":
            return None
        day, month = month, day
    if len(year) == 2:
        year = f"20{year}" if year < "70" else f"19{year}"
    return _moment((year, month, day), clock, half)


def occurred(value: Any) -> Any:
    """Return when something was true, as an event says it; what cannot be read as a time stays as it is.

    >>> occurred("1709287200"), occurred(1709287200000000), occurred("1709287200.25"), occurred("20240301")
    ('2024-03-01T10:00:00Z', '2024-03-01T10:00:00Z', '2024-03-01T10:00:00.250000Z', '2024-03-01T00:00:00Z')
    >>> occurred("45352"), occurred(45352.4166666667), occurred("01.03.2024"), occurred("0000-00-00 00:00:00")
    ('2024-03-01T00:00:00Z', '2024-03-01T10:00:00Z', '2024-03-01T00:00:00Z', None)
    >>> occurred("yesterday")
    'yesterday'
    """
    if isinstance(value, date) and not isinstance(value, datetime):
        return f"{value.isoformat()}T00:00:00Z"
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
    if text.lower() in _NOTHING or text.startswith("0000-00-00"):
        return None
    if _COMPACT_DATE.fullmatch(text):
        read = moment(f"{text[:4]}-{text[4:6]}-{text[6:]}")
    elif _EPOCH.fullmatch(text):
        read = _epoch(int(text))
    elif match := _EPOCH_AND_FRACTION.fullmatch(text):
        read = _epoch(int(match[1] + match[2][:6].ljust(6, "0")))
    elif _SERIAL.fullmatch(text):
        days = timedelta(days=float(text.replace(",", ".")))
        read = rfc3339(_FIRST_DAY + timedelta(seconds=round(days.total_seconds())))
    else:
        # Who writes points puts the day first; with other marks it takes the column to know.
        read = moment(text) or (day_first(text) if "." in text else None)
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


def without_formula(text: str) -> str:
    """Take off the formula by which a number is kept as a text in a spreadsheet.

    >>> without_formula('="0042"'), without_formula('="a" & "b"'), without_formula("=1")
    ('0042', '="a" & "b"', '=1')
    """
    return text[2:-1] if _TEXT_FORMULA.fullmatch(text) else text


def without_apostrophe(text: str) -> str:
    """Take off the apostrophe that keeps a spreadsheet from reading a number or a formula."""
    return text[1:] if _SAFE_APOSTROPHE.match(text) else text


COMMA, DAY_FIRST, MONTH_FIRST = ",", "day first", "month first"
"""Forms of numbers and times that are found out."""

Way = tuple[ColumnType, str | None]
"""A type and a form in which its cells may be written."""

_WAYS: dict[Way, Callable[[str], Any]] = {
    (ColumnType.NUMBER, None): number,
    (ColumnType.NUMBER, COMMA): comma_number,
    (ColumnType.BOOLEAN, None): boolean,
    (ColumnType.DATE, None): moment,
    (ColumnType.DATE, DAY_FIRST): day_first,
    (ColumnType.DATE, MONTH_FIRST): month_first,
}
_TEXT: Way = (ColumnType.TEXT, None)


class Inference:
    """What every cell of a column that was seen so far may be.

    Where cells may be read in two ways that say different things (1.234, 02/03/2024), nothing is guessed: it is text.
    """

    def __init__(self, *, decimal_comma: bool = False) -> None:
        self._left = {way: read for way, read in _WAYS.items() if decimal_comma or way[1] != COMMA}
        self._seen = self._doubtful = False

    def see(self, text: str) -> None:
        """Take one more cell into account."""
        if not self._left or text.lower() in _NOTHING:
            return
        self._seen = True
        read = {way: said for way, by in self._left.items() if (said := by(text)) is not None}
        self._left = {way: self._left[way] for way in read}
        said = [*read.values()]
        self._doubtful = (self._doubtful and len(said) > 1) or any(one != said[0] for one in said)

    @property
    def result(self) -> Way:
        """The type that fits every cell, and the form."""
        return next(iter(self._left)) if self._seen and self._left and not self._doubtful else _TEXT


class OrderOfDays:
    """Whether the days or the months come first in a column of times; a cell that is no such time says nothing."""

    def __init__(self) -> None:
        self._left = {DAY_FIRST: day_first, MONTH_FIRST: month_first}
        self._seen = False

    def see(self, text: str) -> None:
        """Take one more cell into account."""
        if fits := {form: by for form, by in self._left.items() if by(text) is not None}:
            self._seen, self._left = True, fits

    @property
    def result(self) -> str | None:
        """What comes first; None where that is not known."""
        return next(iter(self._left)) if self._seen and len(self._left) == 1 else None


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


def inferred(kind: ColumnType, form: str | None, text: str) -> Any:
    """Read a cell of a column whose type was inferred; None where it says nothing."""
    if kind is ColumnType.TEXT:
        return without_apostrophe(text)
    return None if text.lower() in _NOTHING else _WAYS[kind, form](text)


def in_order(form: str, text: str) -> str:
    """Return a time of a column whose days or months come first; any other stays."""
    return _WAYS[ColumnType.DATE, form](text) or text


def declared(kind: ColumnType, form: str | None, text: str) -> Any:
    """Read a cell of a column whose type was said; None when it does not fit.

    >>> declared(ColumnType.BOOLEAN, None, "Yes"), declared(ColumnType.DATE, "%m/%d/%Y", "03/01/2024")
    (True, '2024-03-01')
    >>> declared(ColumnType.NUMBER, ",", "1.234,50")
    1234.5
    """
    if kind is ColumnType.TEXT:
        return text
    if kind is ColumnType.BOOLEAN:
        return _SAID_BOOLEANS.get(text.lower())
    if kind is ColumnType.DATE and form is not None:
        return _formed(form, text)
    return _WAYS[kind, form](text)


def _formed(form: str, text: str) -> str | None:
    try:
        read = datetime.strptime(text, form)
    except ValueError:
        return None
    return rfc3339(read) if "%H" in form or "%I" in form else read.date().isoformat()
