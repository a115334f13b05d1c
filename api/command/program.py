"""The ``kinfold`` command."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, NoReturn

import typer
from typer.core import TyperGroup

from api.terminal import Refusal, analysing, fetching, log_plainly, plain_errors, say, stderr

if TYPE_CHECKING:
    from graph.blocking.blocking import RuleKind
    from graph.deployment.deployment import Tenant
    from graph.embedded import Server
    from graph.kinfold import Kinfold
    from graph.settings import Settings

_TENANT = "--tenant"


class _Root(TyperGroup):
    """Takes ``--tenant`` wherever it stands, so that it can follow the command that it is for."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        mine: list[str] = []
        others: list[str] = []
        given = iter(args[:end])
        for part in given:
            if part == _TENANT:
                mine += [part, *([value] if (value := next(given, None)) is not None else [])]
            else:
                (mine if part.startswith(f"{_TENANT}=") else others).append(part)
        rest: list[str] = super().parse_args(ctx, [*mine, *others, *args[end:]])
        return rest


app = typer.Typer(
    name="kinfold",
    cls=_Root,
    help="Tells which contact is behind an event, on a real Neo4j.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _group(name: str, help_text: str) -> typer.Typer:
    group = typer.Typer(help=help_text, no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(group, name=name)
    return group


database = _group("db", "The embedded database: a Neo4j on this machine.")
blocked = _group("block", "The block list: values that name nobody.")
access = _group("keys", "Access keys of the API.")
catalogue = _group("catalogue", "The catalogue of offers, as one file.")
suppressed = _group("suppress", "Person keys that do not come back after their owner was erased.")
namespaces = _group("namespaces", "Namespaces: what kinds of keys this deployment knows.")


class Scope(StrEnum):
    """What an access key is for."""

    WRITE = "write"
    READ = "read"
    ADMIN = "admin"


class WriteAnswer(StrEnum):
    """How much the answers to a write key tell."""

    FULL = "full"
    MINIMAL = "minimal"


class Policy(StrEnum):
    """The policies of the decision table."""

    STRICT = "strict"
    CONTINUITY = "continuity"
    LAST_LOGIN = "last_login"


class Engine(StrEnum):
    """What an analysis works with."""

    NETWORKX = "networkx"
    SPARK = "spark"


Host = Annotated[str, typer.Option(help="Where to listen; another than a loopback address takes access keys.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Where to listen; 0 takes a free one.")]

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say field by field what would change, and write nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer with JSON, as over HTTP.")]
Pattern = Annotated[bool, typer.Option("--pattern", help="VALUE is a regular expression that matches the whole.")]
Allow = Annotated[bool, typer.Option("--allow", help="Let VALUE through although a built-in rule blocks it.")]

Person = Annotated[str | None, typer.Argument(help="The contact's id.", metavar="CONTACT")]
PersonKey = Annotated[
    str | None,
    typer.Option("--key", help="Instead: the owner of this key, as email=VALUE.", metavar="NAME=VALUE"),
]


def main() -> None:
    """Run the command."""
    app()


def _version(wanted: bool) -> None:
    if wanted:
        from api.version import kinfold_version

        typer.echo(f"kinfold {kinfold_version()}")
        raise typer.Exit


_tenant: str | None = None
"""The tenant that the command names."""


@app.callback()
def _common(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version and stop.")
    ] = False,
    tenant: Annotated[
        str | None,
        typer.Option(_TENANT, help="Of those in KINFOLD_TENANTS, the one that a command is for.", metavar="ID"),
    ] = None,
) -> None:
    global _tenant  # noqa: PLW0603 settings are read deep in the commands
    _tenant = tenant


@app.command()
def serve(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Serve the API and the explorer page; starts the embedded database unless NEO4J_URI is set.

    With KINFOLD_TENANTS every tenant of the file is served, or with --tenant one of them alone.
    """
    with plain_errors(), _stopped_by_signal(0):
        from api.http import serving
        from api.http.server_log import log_as_server

        settings, tenants = _of_all_tenants()
        log_as_server(settings)
        with serving.listen(host, port) as taken:
            if tenants is None:
                with _opened(settings) as kinfold:
                    serving.serve(kinfold, taken, serving.keys_of(kinfold, taken))
            else:
                with _all_opened(tenants) as opened:
                    serving.serve_tenants(opened, settings, taken)


@app.command()
def resolve(
    file: Annotated[str, typer.Argument(help="Events as NDJSON; - reads standard input.", metavar="FILE|-")],
    policy: Annotated[Policy | None, typer.Option(help="Instead of the deployment's own.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Answer the same and write nothing.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Add a trace to every answer.")] = False,
) -> None:
    """Resolve a log: one answer a line on stdout, in the same order; progress and a summary on stderr."""
    with plain_errors(), _stopped_by_signal(128 + signal.SIGTERM):
        log_plainly()
        from graph.opening import rarely_collect

        changed = {"policy": policy.value} if policy else {}
        with _log_file(file) as stream, _opened(_settings(**changed)) as kinfold:
            rarely_collect()
            bad = _resolve_log(kinfold, stream, dry_run=dry_run, explain=explain)
        raise typer.Exit(1 if bad else 0)


@app.command()
def replay(
    file: Annotated[str, typer.Argument(help="Events as NDJSON; - reads standard input.", metavar="FILE|-")],
    compare: Annotated[
        str, typer.Option(help="Policies, separated by commas.", metavar="POLICY,…")
    ] = "strict,continuity,last_login",
    limit: Annotated[int, typer.Option(min=0, help="How many differing events are shown; 0 shows all.")] = 40,
    as_json: Annotated[bool, typer.Option("--json", help="Answer with JSON: every event that differs.")] = False,
) -> None:
    """Replay a log under several policies in scratch graphs, and say what differs. Exits as resolve does."""
    with plain_errors(), _stopped_by_signal(128 + signal.SIGTERM), ExitStack() as stack:
        log_plainly()
        from api.command import replay as replaying
        from graph.deployment.scratch import scratch_graph

        policies = replaying.read_policies(compare)
        log = replaying.rewindable(stack.enter_context(_log_file(file)))
        with fetching() as report, scratch_graph(_settings(), on_progress=report) as scratch:
            done = replaying.compare(scratch, log, policies, report)
        if as_json:
            replaying.dump(done, log, sys.stdout.buffer)
        else:
            replaying.show(done, log, limit)
        raise typer.Exit(1 if done.bad else 0)


@app.command()
def simulate(
    people: Annotated[int, typer.Option(min=0, help="How many people live in the world.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 0,
    truth: Annotated[
        Path | None, typer.Option(help="Write who did each event, and what was planted, as NDJSON.", metavar="FILE")
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a parameter of the world (docs/simulation.md).", metavar="NAME=VALUE"),
    ] = None,
    score: Annotated[
        bool, typer.Option("--score", help="Instead: replay it under each policy and yardstick, and score them.")
    ] = False,
    own_trackers: Annotated[
        bool, typer.Option("--own-trackers", help="With --score: browsers do not store the answered tracker.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="With --score: a folder for score.json and score.png.", metavar="DIR")
    ] = None,
) -> None:
    """Write a made-up world's events as NDJSON: people, devices, shared browsers, kiosks and bots."""
    with plain_errors(), _stopped_by_signal(128 + signal.SIGTERM):
        log_plainly()
        from api.command import simulate as simulating
        from graph.simulation import World

        parameters = simulating.read_parameters(parameter or [])
        if not score:
            if own_trackers or out is not None:
                raise Refusal("--own-trackers and --out go with --score.")
            simulating.write_world(World(people, seed=seed, parameters=parameters), sys.stdout.buffer, truth)
            return
        if truth is not None:
            raise Refusal("--truth goes without --score.")
        simulating.score(_settings(), people, seed, parameters, adopts=not own_trackers, out=out)


@app.command()
def demo(
    file: Annotated[Path, typer.Argument(help="A story as NDJSON.")],
    host: Host = "127.0.0.1",
    port: Port = 8000,
    offers: Annotated[
        Path | None, typer.Option("--catalogue", help="A catalogue of offers to import and ask.", metavar="FILE")
    ] = None,
    keys_log: Annotated[
        Path | None, typer.Option("--keys", help="Another log, with keys of declared namespaces.", metavar="FILE")
    ] = None,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Stop after printing.")] = False,
) -> None:
    """Resolve a short log, show who is who, and leave the server with its page up."""
    with plain_errors(), _stopped_by_signal(0), ExitStack() as stack:
        log_plainly()
        from api.command import demo as story
        from api.http import serving

        stream = stack.enter_context(_log_file(str(file)))
        settings = _settings()
        taken = None if no_serve else stack.enter_context(serving.listen(host, port))
        kinfold = stack.enter_context(_opened(settings))
        keys = serving.keys_of(kinfold, taken) if taken else None
        story.tell(kinfold, stream, serving.url_of(taken) if taken else None, offers, keys_log)
        if taken and keys:
            from api.http.server_log import log_as_server

            log_as_server(settings)
            serving.serve(kinfold, taken, keys)


@app.command()
def merge(
    source: Annotated[str, typer.Argument(help="The id of the contact that is folded.", metavar="A")],
    target: Annotated[str, typer.Argument(help="The id of the contact that stays.", metavar="B")],
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Fold contact A into contact B. Exit 0 when it is done, 1 when it is refused, 2 when nothing could run."""
    with plain_errors(), _by_hand() as kinfold:
        from api.command import edits

        edits.merge(kinfold, source, target, dry_run=dry_run, teller=edits.Teller(as_json=as_json))


@app.command()
def unmerge(
    merge: Annotated[str | None, typer.Argument(help="The id of a union; see a contact's history.")] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", help="Instead: every union that this key went along with.", metavar="NAME=VALUE"),
    ] = None,
    cascade: Annotated[
        bool, typer.Option("--cascade", help="Undo first the unions by which a survivor was folded since.")
    ] = False,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --key: do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take a union back exactly, or those that a key has tied together. Exits as merge does."""
    with plain_errors():
        if (merge is None) == (key is None):
            raise Refusal("Give the id of a union, or --key NAME=VALUE: one of the two.")
        from api.command import edits

        if key is not None:
            edits.check_key(key)
        teller = edits.Teller(as_json=as_json)
        with _by_hand() as kinfold:
            if key is not None:
                edits.unmerge_key(kinfold, key, cascade=cascade, dry_run=dry_run, yes=yes, teller=teller)
            elif merge is not None:
                edits.unmerge(kinfold, merge, cascade=cascade, dry_run=dry_run, teller=teller)


@app.command()
def export(contact: Person = None, key: PersonKey = None) -> None:
    """Write everything held on a person to stdout, as one JSON document. Exits as merge does."""
    with plain_errors():
        from api.command import privacy

        privacy.check_one(contact, key)
        with _by_hand() as kinfold:
            privacy.export(kinfold, contact, key)


@app.command()
def erase(
    contact: Person = None,
    key: PersonKey = None,
    allow_return: Annotated[
        bool, typer.Option("--allow-return", help="Let a late event bring the emails and user ids back.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Erase a person for good, and show the receipt. Exits as merge does."""
    with plain_errors():
        from api.command import edits, privacy

        privacy.check_one(contact, key)
        with _by_hand() as kinfold:
            teller = edits.Teller(as_json=as_json)
            privacy.erase(kinfold, contact, key, allow_return=allow_return, teller=teller)


@app.command()
def audit(
    by: Annotated[str | None, typer.Option(help="By this access key's id, environment, local or command.")] = None,
    what: Annotated[str | None, typer.Option(help="Of this kind only: read, exported, erased, merged, …")] = None,
    contact: Annotated[str | None, typer.Option(help="About this contact.")] = None,
    since: Annotated[datetime | None, typer.Option("--from", help="From this time on, in UTC.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", help="Up to this time, in UTC.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many entries at most.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Show who did what by hand, who read and exported whom, and why; newest first."""
    with plain_errors(), _by_hand() as kinfold:
        from api.command import edits, privacy

        privacy.audit(
            kinfold,
            by=by,
            what=what,
            contact=contact,
            since=None if since is None else since.replace(tzinfo=UTC),
            until=None if until is None else until.replace(tzinfo=UTC),
            limit=limit,
            teller=edits.Teller(as_json=as_json),
        )


@app.command()
def sweep(as_json: AsJson = False) -> None:
    """Drop activity older than KINFOLD_RETENTION_DAYS, and finish erasures that were interrupted."""
    with plain_errors(), _by_hand() as kinfold:
        from api.command import edits, privacy

        privacy.sweep(kinfold, teller=edits.Teller(as_json=as_json))


@suppressed.command("list")
def list_suppressed(as_json: AsJson = False) -> None:
    """List what is suppressed, by digest: which addresses they are is not known."""
    with plain_errors(), _by_hand() as kinfold:
        from api.command import edits, privacy

        privacy.list_suppressed(kinfold, teller=edits.Teller(as_json=as_json))


@suppressed.command("allow")
def allow_suppressed(
    key: Annotated[str, typer.Argument(help="A person key, as email=VALUE.", metavar="NAME=VALUE")],
    as_json: AsJson = False,
) -> None:
    """Let a person key come back."""
    with plain_errors():
        from api.command import edits, privacy

        edits.check_key(key)
        with _by_hand() as kinfold:
            name, value = edits.read_key(key, kinfold.namespaces)
            privacy.allow(kinfold, name, value, teller=edits.Teller(as_json=as_json))


@app.command()
def analyse(
    out: Annotated[
        Path | None,
        typer.Option(help="A folder for report.html, JSON, GraphML and pictures; nothing is written without it."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="For communities and pictures.")] = 0,
    engine: Annotated[Engine, typer.Option(help="spark is for graphs that one machine does not hold.")] = (
        Engine.NETWORKX
    ),
    spark_master: Annotated[
        str, typer.Option(help="With --engine spark: any Spark master, such as spark://host:7077.", metavar="URL")
    ] = "local[*]",
    spark_set: Annotated[
        list[str] | None,
        typer.Option(help="With --engine spark: a setting, such as spark.driver.memory=8g.", metavar="NAME=VALUE"),
    ] = None,
    graph: Annotated[
        Path | None,
        typer.Option(help="With --engine spark: a folder of export-graph, made when it is not there.", metavar="DIR"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find what looks wrong in the graph, and who is tied to whom; the API lists it from then on."""
    with plain_errors(), analysing() as report:
        if out is not None and out.exists() and not out.is_dir():
            raise Refusal(f"{out} is a file, not a folder.")
        from api.command import analysis, edits

        if engine is Engine.NETWORKX and (graph is not None or spark_set or spark_master != "local[*]"):
            raise Refusal("--graph, --spark-master and --spark-set go with --engine spark.")
        spark = analysis.spark_engine(spark_master, spark_set or [], graph, out) if engine is Engine.SPARK else None
        with _by_hand() as kinfold:
            teller = edits.Teller(as_json=as_json)
            analysis.analyse(kinfold, seed=seed, out=out, teller=teller, on_progress=report, engine=spark)


@app.command("export-graph")
def export_graph(
    folder: Annotated[Path, typer.Argument(help="A folder; made when it is missing.", metavar="DIR")],
    anew: Annotated[bool, typer.Option("--anew", help="Forget what an earlier run wrote there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the identity graph as Parquet; a run that was stopped is carried on by the next."""
    with plain_errors(), analysing() as report, _by_hand() as kinfold:
        from api.command import analysis, edits

        teller = edits.Teller(as_json=as_json)
        analysis.export_graph(kinfold, folder, anew=anew, teller=teller, on_progress=report)


@app.command()
def load(
    files: Annotated[
        list[Path], typer.Argument(help="Parquet or CSV; with --history NDJSON (docs/bulk-load.md).", metavar="FILE…")
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
    mapping: Annotated[
        Path | None, typer.Option("--map", help="YAML with the field of each column of FILE.", metavar="FILE")
    ] = None,
    types: Annotated[
        list[str] | None,
        typer.Option(help="COLUMN=text|number|boolean|date of a CSV, or =date:%d/%m/%Y; else all cells say it."),
    ] = None,
    delimiter: Annotated[str | None, typer.Option(help="Of a CSV: one character, or tab.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of a CSV: utf-8, utf-16, windows-1252 …")] = None,
    as_json: AsJson = False,
) -> None:
    """Load existing customers, or a long history, from where an earlier run was stopped.

    Exit 1 when rows were refused.
    """
    with plain_errors(), _stopped_by_signal(128 + signal.SIGTERM):
        log_plainly()
        from api.command import loads
        from graph.opening import rarely_collect

        changed = {"policy": policy.value} if policy else {}
        if not history and (workers is not None or work is not None):
            raise Refusal("--workers and --work go with --history.")
        layout = loads.read_layout(mapping, types or [], delimiter, encoding)
        if history and layout.mark:
            raise Refusal("--map, --types, --delimiter and --encoding go with tables, not with --history.")
        loads.check(files, refused, history=history)
        with _opened(_settings(**changed)) as kinfold:
            rarely_collect()
            if history:
                broken = loads.load_histories(
                    kinfold, files, refused, anew=anew, workers=workers, work=work, as_json=as_json
                )
            else:
                broken = loads.load(kinfold, files, refused, anew=anew, as_json=as_json, layout=layout)
        raise typer.Exit(1 if broken else 0)


@blocked.command()
def add(
    value: Annotated[str, typer.Argument(metavar="VALUE")],
    pattern: Pattern = False,
    allow: Allow = False,
    as_json: AsJson = False,
) -> None:
    """Block a value for every key: it counts as absent from now on."""
    _edit_block_list(value, pattern=pattern, allow=allow, as_json=as_json, take_back=False)


@blocked.command()
def remove(
    value: Annotated[str, typer.Argument(metavar="VALUE")],
    pattern: Pattern = False,
    allow: Allow = False,
    as_json: AsJson = False,
) -> None:
    """Take a rule back that was added."""
    _edit_block_list(value, pattern=pattern, allow=allow, as_json=as_json, take_back=True)


@blocked.command("list")
def list_blocked(as_json: AsJson = False) -> None:
    """List the rules that were added."""
    with plain_errors(), _by_hand() as kinfold:
        from api.command import edits

        edits.list_rules(kinfold.blocking.rules(), edits.Teller(as_json=as_json))


@access.command("create")
def create_key(
    scope: Annotated[Scope, typer.Option(help="write sends events, read reads, admin does everything.")],
    name: Annotated[str, typer.Option(help="Whose it is, for lists.")] = "",
    answer: Annotated[
        WriteAnswer | None,
        typer.Option(help="How much a write key is told; minimal is for keys in a page's source."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make an access key and print it, this once: only its digest is kept."""
    with plain_errors(), _by_hand() as kinfold:
        from api.command import edits
        from graph.access.access_keys import KeyScope

        edits.create_key(
            kinfold,
            KeyScope(scope.value),
            name=name,
            answer=answer.value if answer else None,
            teller=edits.Teller(as_json=as_json),
        )


@access.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List the keys that were made, also those that were revoked; no key can be read again."""
    with plain_errors(), _by_hand() as kinfold:
        from api.command import edits

        edits.list_keys(kinfold, edits.Teller(as_json=as_json))


@access.command("revoke")
def revoke_key(
    key: Annotated[str, typer.Argument(help="The id that create and list show.", metavar="ID")],
    as_json: AsJson = False,
) -> None:
    """Take a key back; running servers refuse it a few seconds later. Exit 1 when there is no such key."""
    with plain_errors(), _by_hand() as kinfold:
        from api.command import edits

        edits.revoke_key(kinfold, key, teller=edits.Teller(as_json=as_json))


@catalogue.command("import")
def import_catalogue(
    file: Annotated[str, typer.Argument(help="YAML or JSON; - reads standard input.", metavar="FILE|-")],
    as_json: AsJson = False,
) -> None:
    """Make or change what the file describes, all of it or nothing. Exit 1 when it breaks a rule."""
    with plain_errors(), _log_file(file) as stream, _by_hand() as kinfold:
        from api.command import catalogue as catalogues
        from api.command import edits

        catalogues.import_file(kinfold, stream.read(), teller=edits.Teller(as_json=as_json))


@catalogue.command("export")
def export_catalogue(
    file: Annotated[str, typer.Argument(help="JSON when it ends in .json, else YAML; - writes standard output.")],
    as_json: AsJson = False,
) -> None:
    """Write the whole catalogue: importing it again changes nothing."""
    with plain_errors(), _by_hand() as kinfold:
        from api.command import catalogue as catalogues
        from api.command import edits

        catalogues.export_file(kinfold, file, teller=edits.Teller(as_json=as_json))


@catalogue.command("schema")
def catalogue_schema() -> None:
    """Print the JSON Schema of a catalogue's file."""
    with plain_errors():
        from api.command import catalogue as catalogues

        catalogues.write_schema()


@namespaces.command("list")
def list_namespaces(as_json: AsJson = False) -> None:
    """Show the namespaces of this deployment, and how many keys of each there are."""
    with plain_errors(), _by_hand() as kinfold:
        from api.command import edits
        from api.command import namespaces as declared

        declared.show(kinfold, teller=edits.Teller(as_json=as_json))


@namespaces.command("check")
def check_namespaces(
    file: Annotated[Path, typer.Argument(help="YAML or JSON.")],
    as_json: AsJson = False,
) -> None:
    """Check whether a file of namespaces can be used. Exit 1 when it breaks a rule, each named with its line."""
    with plain_errors():
        from api.command import edits
        from api.command import namespaces as declared

        declared.check(file, teller=edits.Teller(as_json=as_json))


@namespaces.command("apply")
def apply_namespaces(
    file: Annotated[Path | None, typer.Argument(help="YAML or JSON; the file of KINFOLD_KEYS when left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Declare the namespaces of a file for the graph in place of those that it has, while no server uses it.

    One that has keys keeps its class and its form. Exit 1 when it would lose them.
    """
    with plain_errors(), _stopped_by_signal(128 + signal.SIGTERM):
        from api.command import edits
        from api.command import namespaces as declared

        settings = _settings()
        with fetching(settings.home) as report:
            declared.apply(settings, file, teller=edits.Teller(as_json=as_json), on_progress=report)


@namespaces.command("schema")
def namespaces_schema() -> None:
    """Print the JSON Schema of a file of namespaces, for editors."""
    with plain_errors():
        from api.command import namespaces as declared

        declared.write_schema()


@database.command()
def start() -> None:
    """Start the embedded database, and leave it running."""
    with plain_errors():
        from graph import embedded

        settings = _settings()
        with fetching(settings.home) as report:
            server = embedded.start(settings, on_progress=report)
        _show_server(server)


@database.command()
def stop() -> None:
    """Stop the embedded database."""
    with plain_errors():
        from graph import embedded

        say("The database is stopped." if embedded.stop(_settings()) else "The database was not running.")


@database.command()
def status() -> None:
    """Print whether the embedded database runs: exit 0 when it does, 1 when not."""
    with plain_errors():
        from graph import embedded

        settings = _settings()
        server = embedded.status(settings)
        if words := embedded.shortage(settings):
            say(words)
        if server is None:
            say("The database is not running.")
            raise typer.Exit(1)
        _show_server(server)


@database.command()
def path() -> None:
    """Print where the embedded database keeps its data."""
    with plain_errors():
        from graph import embedded

        typer.echo(str(embedded.data_path(_settings())))


@database.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Must not exist.", metavar="FILE")],
    as_is: Annotated[
        bool, typer.Option("--as-is", help="Do not compact before, also when somebody was erased since.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the embedded database into a file. It is stopped meanwhile: servers that use it answer 503, then go on.

    When somebody was erased since it was last compacted, it is compacted before: nothing of them is in the file.
    """
    with plain_errors(), _stopped_by_signal(128 + signal.SIGTERM):
        from api.command import backups

        backups.backup(_settings(), file, as_is=as_is, as_json=as_json)


@database.command()
def compact(as_json: AsJson = False) -> None:
    """Write the stores of the embedded database anew, without what was deleted. It is stopped meanwhile."""
    with plain_errors(), _stopped_by_signal(128 + signal.SIGTERM):
        from api.command import backups

        backups.compact(_settings(), as_json=as_json)


@database.command()
def restore(
    file: Annotated[Path, typer.Argument(help="Written by kinfold db backup.", metavar="FILE")],
    force: Annotated[bool, typer.Option("--force", help="Replace the database that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put a backup in the place of the embedded database, which nobody may be using; checked before and after."""
    with plain_errors(), _stopped_by_signal(128 + signal.SIGTERM):
        from api.command import backups

        backups.restore(_settings(), file, force=force, as_json=as_json)


def _settings(**changed: Any) -> "Settings":
    """Give the settings of this deployment, or of the tenant that the command is for."""
    settings, tenants = _of_all_tenants(**changed)
    if tenants is not None:
        raise Refusal(f"There are several tenants; say which: {_TENANT} {' or '.join(tenants)}.")
    return settings


def _of_all_tenants(**changed: Any) -> "tuple[Settings, dict[str, Settings] | None]":
    """Give the settings, and those of every tenant where there are several and the command names none."""
    from graph.settings import Settings

    settings = Settings(**changed)
    tenant = _tenant or settings.tenant
    if settings.tenants is None:
        if tenant is not None:
            raise Refusal(f"There are no tenants: KINFOLD_TENANTS names no file, so that {tenant} is nobody's name.")
        return settings, None
    from graph.deployment.tenants import read_tenants

    tenants = read_tenants(settings)
    if tenant is None:
        return settings, tenants
    if tenant not in tenants:
        raise Refusal(f"There is no tenant {tenant} in {settings.tenants}; there are {', '.join(tenants)}.")
    return tenants[tenant].model_copy(update=changed), None


@contextmanager
def _all_opened(tenants: "dict[str, Settings]") -> "Iterator[list[Tenant]]":
    from graph.deployment.deployment import open_tenants

    with ExitStack() as stack:
        with fetching() as report:
            opened = stack.enter_context(open_tenants(tenants, on_progress=report))
        yield opened


@contextmanager
def _opened(settings: "Settings") -> Iterator["Kinfold"]:
    from graph.kinfold import open_kinfold

    with ExitStack() as stack:
        with fetching(settings.home) as report:
            kinfold = stack.enter_context(open_kinfold(settings, on_progress=report))
        yield kinfold


@contextmanager
def _by_hand() -> Iterator["Kinfold"]:
    log_plainly()
    from graph.store.audit import acting_because
    from graph.store.changes import acting_as

    with (
        _stopped_by_signal(128 + signal.SIGTERM),
        _opened(_settings()) as kinfold,
        acting_as("command"),
        acting_because(os.environ.get("KINFOLD_REASON")),
    ):
        yield kinfold


def _edit_block_list(value: str, *, pattern: bool, allow: bool, as_json: bool, take_back: bool) -> None:
    with plain_errors():
        if pattern and allow:
            raise Refusal("A rule is a --pattern or an --allow, not both.")
        from api.command import edits

        kind: RuleKind = "pattern" if pattern else "allow" if allow else "value"
        with _by_hand() as kinfold:
            edits.edit_rule(kinfold, kind, value, take_back=take_back, teller=edits.Teller(as_json=as_json))


@contextmanager
def _log_file(file: str) -> Iterator[BinaryIO]:
    # Not sys.stdin: its lock, held by the reading thread, would spoil the end of the process.
    source: int | str = 0 if file == "-" else file
    if file != "-" and Path(file).is_dir():
        raise Refusal(f"{file} is a folder, not a log of events.")
    stream = open(source, "rb", closefd=file != "-")  # noqa: SIM115
    try:
        yield stream
    finally:
        # A thread that still waits for input holds the stream; the end of the process closes it.
        if file != "-":
            stream.close()


def _resolve_log(kinfold: "Kinfold", stream: BinaryIO, *, dry_run: bool, explain: bool) -> int:
    from functools import partial

    from api.command import logs

    tally = logs.Tally()
    rehearsal = kinfold.resolver.rehearsal(explain=explain) if dry_run else None
    with rehearsal or nullcontext(partial(kinfold.resolver.resolve, explain=explain)) as resolve_events:
        try:
            with _progress(stream) as show:
                for batch in logs.batches(stream, kinfold.settings.batch_size, kinfold.namespaces):
                    answers = logs.answer_lines(resolve_events, batch, rehearsal=dry_run)
                    # Counted first: a signal may come as soon as the answers are out.
                    tally.add(answers)
                    sys.stdout.buffer.write(logs.dump(answers))
                    sys.stdout.buffer.flush()
                    show(batch[-1].end, tally.resolved + tally.bad)
        except BrokenPipeError:
            raise
        except BaseException:
            if tally.resolved:
                stderr.print(tally.table(dry_run=dry_run))
            raise
    stderr.print(tally.table(dry_run=dry_run))
    return tally.bad


@contextmanager
def _progress(stream: BinaryIO) -> Iterator[Any]:
    """Show how far the log is, where it does not disturb the answers."""
    import os
    import stat

    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    state = os.fstat(stream.fileno())
    total = state.st_size if stat.S_ISREG(state.st_mode) else None
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.fields[events]:,} events"),
        BarColumn(),
        TimeRemainingColumn(),
        console=stderr,
        transient=True,
        disable=not stderr.is_terminal or sys.stdout.isatty(),
    )
    task = progress.add_task("", total=total, events=0)

    def show(end: int, events: int) -> None:
        progress.update(task, completed=end, events=events)

    with progress:
        yield show


@contextmanager
def _stopped_by_signal(code: int) -> Iterator[None]:
    """Let SIGTERM unwind what is open before the process ends; a server that is told to stop ends well."""

    def unwind(_: int, __: FrameType | None) -> NoReturn:
        raise SystemExit(code)

    before = signal.signal(signal.SIGTERM, unwind)
    try:
        yield
    except KeyboardInterrupt:
        if code:
            raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _show_server(server: "Server") -> None:
    typer.echo(f"uri      {server.uri}")
    typer.echo(f"user     {server.user}")
    typer.echo(f"release  {server.release}")
    typer.echo(f"home     {server.home}")
    typer.echo(f"process  {server.pid}")
