"""A file that people write, YAML 1.2 or JSON, read with the line of every value."""

from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from graph.errors import BadInput, FieldError

MAX_BYTES = 16 * 1024 * 1024
"""The longest file that is read."""

MAX_DEPTH = 60
"""How deep a file may be nested; an alias of what it stands in is nested without end."""

_PREFIX = "tag:yaml.org,2002:"


class SourceFile:
    """A file that was read, and on which line everything in it stands.

    Parameters
    ----------
    raw
        What the file holds; JSON is read as the YAML that it is.

    Raises
    ------
    BadInput
        When it is neither, with the line.
    """

    def __init__(self, raw: bytes) -> None:
        if len(raw) > MAX_BYTES:
            raise BadInput([FieldError("", "too_large", f"a file is at most {MAX_BYTES} bytes")])
        try:
            # JSON may be indented with tabs, which no YAML is; in a string they are escaped.
            text = raw.decode()
            text = text.replace("\t", " ") if text.lstrip().startswith("{") else text
            root = YAML(typ="safe", pure=True).compose(text)
        except UnicodeDecodeError as error:
            raise BadInput([FieldError("", "encoding", f"this is not UTF-8: {error}")]) from error
        except MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise BadInput([FieldError("", "syntax", f"line {line}: {error.problem}")]) from error
        except RecursionError:
            raise BadInput([FieldError("", "depth", f"a file is nested at most {MAX_DEPTH} deep")]) from None
        except YAMLError as error:
            raise BadInput([FieldError("", "syntax", f"this is neither YAML nor JSON: {error}")]) from error
        self.lines: dict[str, int] = {"": 1}
        self._left = 200_000
        self.content = self._value(root, "", 0) if root is not None else None

    def line(self, field: str) -> int:
        """Return on which line a field stands, or what it would stand in."""
        while field not in self.lines:
            field = _around(field)
        return self.lines[field]

    def placed(self, error: BadInput) -> BadInput:
        """Name the line in every mistake of a refusal."""
        return BadInput(
            [FieldError(one.field, one.rule, f"line {self.line(one.field)}: {one.message}") for one in error.errors]
        )

    def _value(self, node: Node, place: str, depth: int) -> Any:
        self._left -= 1
        if depth > MAX_DEPTH:
            raise BadInput(
                [FieldError(place, "depth", f"line {node.start_mark.line + 1}: nested at most {MAX_DEPTH} deep")]
            )
        if self._left < 0:
            # Aliases can stand for more than any file holds.
            raise BadInput([FieldError(place, "too_large", "this stands for too many values")])
        self.lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, MappingNode):
            return dict(self._pairs(node, place, depth))
        if isinstance(node, SequenceNode):
            return [self._value(item, f"{place}[{index}]", depth + 1) for index, item in enumerate(node.value)]
        assert isinstance(node, ScalarNode)
        return _scalar(node)

    def _pairs(self, node: MappingNode, place: str, depth: int) -> Iterator[tuple[str, Any]]:
        seen = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            # Names are names, whatever they look like: an offer may be called 2026 or no.
            name = str(key.value) if isinstance(key, ScalarNode) else ""
            inner = f"{place}.{name}" if place else name
            if not isinstance(key, ScalarNode) or name in seen:
                rule, message = ("duplicate_field", "this is given more than once") if name else ("type", "no name")
                raise BadInput([FieldError(inner, rule, f"line {line}: {message}")])
            seen.add(name)
            self.lines[inner] = line
            yield name, self._value(value, inner, depth + 1)


def _around(field: str) -> str:
    return field[: max(field.rfind("."), field.rfind("["), 0)]


def _scalar(node: ScalarNode) -> Any:
    kind, text = str(node.tag or "").removeprefix(_PREFIX), node.value
    try:
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int":
            digits = text.replace("_", "")
            return int(digits, 0 if digits.lstrip("+-")[:2].lower() in ("0x", "0o", "0b") else 10)
        if kind == "float":
            return float(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        return text
    return text
