"""The documents as Markdown: what a reader would see broken."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer import Typer

from api.command.program import app
from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.settings import Settings
from tests.graph.identity import test_properties_always
from tests.model import test_known_always, test_state_machine, test_undo_always

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
        name
        if name.startswith("neo4j_") and not name.startswith(("neo4j_release", "neo4j_conf"))
        else f"kinfold_{name}"
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


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "decisions").glob("*.md")), ids=lambda path: path.name)
def test_every_decision_has_its_status_with_a_date_and_its_alternatives(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.search(r"^(\*\*Status\.\*\* )?(Accepted|Superseded by \[.*\]), \d{4}-\d\d-\d\d\.", text, re.M)
    assert re.search(r"^\*\*Alternatives\.\*\* ", text, re.M)


def test_docstrings_say_what_a_function_does_by_its_verb() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {words}"
        for package in ("graph", "api", "checks", "bench")
        for path in (ROOT / package).rglob("*.py")
        for words in re.findall(
            r'"""((?:Tells?|Says?|Give the|Give one|Give what|Give whether)\b.*)', path.read_text(encoding="utf-8")
        )
    ]
    assert found == [], "Return, Write, Describe … instead of Give, Tell, Say"


def bullets(page: str, heading: str) -> list[str]:
    """Return the bullets of a section, as the titles they stand for."""
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [one[:1].lower() + one[1:] for one in re.findall(r"^- (.*?)(?:; only a person .*)?\.$", section, re.M)]


def test_the_data_model_begins_with_what_the_property_tests_hold() -> None:
    page = (ROOT / "docs" / "data-model.md").read_text()
    assert page.startswith("# Data model\n\n## What always holds\n")
    laws = [
        name.removeprefix("test_").replace("_", " ")
        for module in (test_properties_always, test_undo_always, test_known_always, test_state_machine)
        for name, value in vars(module).items()
        if name.startswith("test_")
        and (hasattr(value, "hypothesis") or value is test_state_machine.test_the_product_does_what_the_model_does)
    ]
    titles = [*test_properties_always.INVARIANTS, *test_properties_always.OWNED_KEYS]
    assert bullets(page, "What always holds") == [one[:1].lower() + one[1:] for one in [*titles, *laws]]


QUERIES = re.findall(r"```cypher\n(.*?)```", (ROOT / "docs" / "data-model.md").read_text(), re.S)


def test_every_query_of_the_data_model_finds_something_in_the_sample_log(kinfold: Kinfold) -> None:
    log = (ROOT / "examples" / "story.ndjson").read_text().splitlines()
    kinfold.resolver.resolve([read_event(line.encode()) for line in log if line.strip()])
    assert len(QUERIES) > 5
    for query in QUERIES:
        assert kinfold.database.read(lambda tx, query=query: tx.run_text(query)), query
