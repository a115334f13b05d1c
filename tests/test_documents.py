"""The documents as Markdown: what a reader would see broken."""

from pathlib import Path

import pytest

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
