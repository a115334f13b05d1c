"""Regular expressions that a deployment's operators write, run by an engine that does not backtrack (RE2)."""

import re2

MAX_PATTERN = 1024
"""The longest pattern, in characters."""
_MEMORY = 1 << 20
"""Bytes that one compiled pattern may take."""


class InvalidPattern(ValueError):
    """A text that is not a regular expression of RE2; the message says why."""


class Pattern:
    """One expression that a value must match as a whole, whatever its case unless it is said.

    Parameters
    ----------
    text
        In the syntax of RE2: that of most engines, without look-around and back-references.
    any_case
        Whether case does not matter.

    Raises
    ------
    InvalidPattern
        When it cannot be compiled.

    Notes
    -----
    The time of a match grows with the length of the value and not faster.
    """

    __slots__ = ("_compiled", "text")

    def __init__(self, text: str, *, any_case: bool = True) -> None:
        if len(text) > MAX_PATTERN:
            raise InvalidPattern(f"a pattern has at most {MAX_PATTERN:,} characters")
        options = re2.Options()
        options.case_sensitive = not any_case
        options.log_errors = False
        options.max_mem = _MEMORY
        self.text = text
        try:
            self._compiled = re2.compile(text, options)
        except re2.error as error:
            raise InvalidPattern(_reason(error)) from error
        except UnicodeEncodeError as error:
            raise InvalidPattern("it holds half a character (a lone surrogate)") from error

    def matches(self, value: str) -> bool:
        """Return whether the whole value matches."""
        try:
            return self._compiled.fullmatch(value) is not None
        except UnicodeEncodeError:  # half a character, which no pattern can name
            return False


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else error
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
