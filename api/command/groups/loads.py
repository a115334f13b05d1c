"""``kinfold load``."""

import signal
from pathlib import Path
from typing import Annotated

import typer

from api.command.opening import opened, settings_of_command, stopped_by_signal
from api.command.parameters import AsJson, Delimiter, Encoding, Mapping, Policy, Types
from api.terminal import Refusal, log_plainly, plain_errors

commands = typer.Typer()


@commands.command()
def load(
    files: Annotated[
        list[Path],
        typer.Argument(help="Parquet or CSV; with --history a log of events (docs/bulk-load.md).", metavar="FILE…"),
    ],
    history: Annotated[
        bool, typer.Option("--history", help="FILE is a log of events, as resolve takes it: a long one, in one go.")
    ] = False,
    refused: Annotated[
        Path | None,
        typer.Option("--report", help="Write what is wrong with rows here: CSV when it ends in .csv, else NDJSON."),
    ] = None,
    policy: Annotated[Policy | None, typer.Option(help="Instead of the deployment's own.")] = None,
    anew: Annotated[bool, typer.Option("--anew", help="Go through rows again that an earlier run has done.")] = False,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="With --history: processes side by side; one a processor, up to four."),
    ] = None,
    work: Annotated[
        Path | None,
        typer.Option(
            help="With --history: where the parted log is kept meanwhile, else in KINFOLD_HOME.", metavar="DIR"
        ),
    ] = None,
    mapping: Mapping = None,
    types: Types = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show how FILE is read and what its first rows would become; write nothing."),
    ] = False,
    rows: Annotated[int | None, typer.Option(min=1, max=1_000, help="With --dry-run: how many rows; five.")] = None,
    as_json: AsJson = False,
) -> None:
    """Load existing customers, or a long history, from where an earlier run was stopped.

    Exit 1 when rows were refused.
    """
    with plain_errors(), stopped_by_signal(128 + signal.SIGTERM):
        log_plainly()
        from api.command import loads
        from graph.opening import rarely_collect

        changed = {"policy": policy.value} if policy else {}
        if not history and (workers is not None or work is not None):
            raise Refusal("--workers and --work go with --history.")
        layout = loads.read_layout(mapping, types or [], delimiter, encoding)
        if history and layout.tells_columns:
            raise Refusal("--map, --types and --delimiter go with tables, not with --history.")
        if history and dry_run:
            raise Refusal("--dry-run goes with tables; kinfold resolve --dry-run tells what a log comes to.")
        if not dry_run and rows is not None:
            raise Refusal("--rows goes with --dry-run.")
        if dry_run and (refused is not None or anew):
            raise Refusal("--report and --anew go with loading, not with --dry-run.")
        loads.check(files, refused, history=history)
        with opened(settings_of_command(**changed)) as kinfold:
            rarely_collect()
            if dry_run:
                broken = loads.rehearse(kinfold, files, rows or loads.SHOWN, as_json=as_json, layout=layout)
            elif history:
                broken = loads.load_histories(
                    kinfold,
                    files,
                    refused,
                    anew=anew,
                    workers=workers,
                    work=work,
                    encoding=layout.encoding,
                    as_json=as_json,
                )
            else:
                broken = loads.load(kinfold, files, refused, anew=anew, as_json=as_json, layout=layout)
        raise typer.Exit(1 if broken else 0)
