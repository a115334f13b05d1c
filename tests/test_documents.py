"""The documents as Markdown: what a reader would see broken."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer import Typer

from api.command.program import app
from graph.settings import Settings

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md", "tests/cases/*.md") for path in ROOT.glob(pattern)
)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_empty_line_cuts_a_table_in_two(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").split("\n")
    cut = [
        number + 2
        for number, (before, between, after) in enumerate(zip(lines, lines[1:], lines[2:], strict=False))
        if before.startswith("|")
        and not between
        and after.startswith("|")
        and not lines[number + 3 : number + 4][0].startswith("|--")
    ]
    assert cut == []


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text() + (ROOT / "docs" / "operations.md").read_text()
    variables = {
        name if name.startswith("neo4j_") and not name.startswith("neo4j_release") else f"kinfold_{name}"
        for name in Settings.model_fields
    }
    assert [name for name in sorted(variable.upper() for variable in variables) if f"`{name}`" not in page] == []


def commands(app: Typer, words: str = "kinfold") -> Iterator[str]:
    """Yield every command with the words that call it."""
    for command in app.registered_commands:
        assert command.callback is not None
        yield f"{words} {command.name or command.callback.__name__.replace('_', '-')}"
    for group in app.registered_groups:
        assert group.typer_instance is not None
        yield from commands(group.typer_instance, f"{words} {group.name}" if isinstance(group.name, str) else words)


def test_every_command_is_documented() -> None:
    text = "\n".join(path.read_text() for path in DOCUMENTS)
    lists = re.findall(r"kinfold (?:[a-z-]+ )?[a-z-]+(?:\|[a-z-]+)+", text)
    said = {f"{one.rpartition(' ')[0]} {word}" for one in lists for word in one.rpartition(" ")[2].split("|")}
    assert [command for command in commands(app) if command not in text and command not in said] == []
