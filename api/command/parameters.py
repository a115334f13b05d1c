"""Arguments and options that several commands have."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Policy(StrEnum):
    """The policies of the decision table."""

    STRICT = "strict"
    CONTINUITY = "continuity"
    LAST_LOGIN = "last_login"


Host = Annotated[str, typer.Option(help="Where to listen; another than a loopback address takes access keys.")]


Port = Annotated[int, typer.Option(min=0, max=65535, help="Where to listen; 0 takes a free one.")]


DryRun = Annotated[bool, typer.Option("--dry-run", help="Say field by field what would change, and write nothing.")]


AsJson = Annotated[bool, typer.Option("--json", help="Answer with JSON, as over HTTP.")]


Person = Annotated[str | None, typer.Argument(help="The contact's id.", metavar="CONTACT")]


PersonKey = Annotated[
    str | None,
    typer.Option("--key", help="Instead: the owner of this key, as email=VALUE.", metavar="NAME=VALUE"),
]


Mapping = Annotated[
    Path | None, typer.Option("--map", help="YAML with the field of each column of FILE.", metavar="FILE")
]


Types = Annotated[
    list[str] | None,
    typer.Option(help="COLUMN=text|number|boolean|date of a CSV, or =date:%d/%m/%Y; else all cells say it."),
]


Delimiter = Annotated[str | None, typer.Option(help="Of a CSV: one character, or tab.")]


Encoding = Annotated[str | None, typer.Option(help="Of a CSV: utf-8, utf-16, windows-1252 …")]
