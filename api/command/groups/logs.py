"""``kinfold resolve`` and ``kinfold replay``: logs of events."""

import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from api.command.opening import log_file, opened, settings_of_command, stopped_by_signal
from api.command.parameters import Delimiter, Encoding, Mapping, Policy, Types
from api.terminal import Refusal, fetching, log_plainly, plain_errors

commands = typer.Typer()


@commands.command()
def resolve(
    file: Annotated[
        str,
        typer.Argument(
            help="Events or Segment messages: NDJSON or a JSON array, packed with gzip or not, in "
            "UTF-8, UTF-16 or Windows-1252; or events in a table, "
            "FILE.csv, .tsv or .parquet; - reads stdin.",
            metavar="FILE|-",
        ),
    ],
    policy: Annotated[Policy | None, typer.Option(help="Instead of the deployment's own.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Answer the same and write nothing.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Add a trace to every answer.")] = False,
    mapping: Mapping = None,
    types: Types = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
) -> None:
    """Resolve a log: one answer a line on stdout, in the same order; progress and a summary on stderr."""
    with plain_errors(), stopped_by_signal(128 + signal.SIGTERM):
        log_plainly()
        from api.command import logs
        from api.command.loads import read_layout
        from graph.opening import rarely_collect

        changed = {"policy": policy.value} if policy else {}
        layout = read_layout(mapping, types or [], delimiter, encoding)
        if file == "-" and layout.tells_columns:
            raise Refusal("A table is read more than once: name a file.")
        table = Path(file) if file != "-" and logs.is_table(Path(file), layout) else None
        with log_file(file) as stream, opened(settings_of_command(**changed)) as kinfold:
            rarely_collect()
            bad = logs.resolve(kinfold, stream, table=table, layout=layout, dry_run=dry_run, explain=explain)
        raise typer.Exit(1 if bad else 0)


@commands.command()
def replay(
    file: Annotated[str, typer.Argument(help="Events as NDJSON; - reads standard input.", metavar="FILE|-")],
    compare: Annotated[
        str, typer.Option(help="Policies, separated by commas.", metavar="POLICY,…")
    ] = "strict,continuity,last_login",
    limit: Annotated[int, typer.Option(min=0, help="How many differing events are shown; 0 shows all.")] = 40,
    as_json: Annotated[bool, typer.Option("--json", help="Answer with JSON: every event that differs.")] = False,
) -> None:
    """Replay a log under several policies in scratch graphs, and say what differs. Exits as resolve does."""
    with plain_errors(), stopped_by_signal(128 + signal.SIGTERM), ExitStack() as stack:
        log_plainly()
        from api.command import replay as replaying
        from graph.deployment.scratch import scratch_graph

        policies = replaying.read_policies(compare)
        log = replaying.rewindable(stack.enter_context(log_file(file)))
        with fetching() as report, scratch_graph(settings_of_command(), on_progress=report) as scratch:
            done = replaying.compare(scratch, log, policies, report)
        if as_json:
            replaying.dump(done, log, sys.stdout.buffer)
        else:
            replaying.show(done, log, limit)
        raise typer.Exit(1 if done.bad else 0)
