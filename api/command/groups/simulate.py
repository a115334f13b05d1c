"""``kinfold simulate``."""

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from api.command.opening import settings_of_command, stopped_by_signal
from api.terminal import Refusal, log_plainly, plain_errors

commands = typer.Typer()


@commands.command()
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
    policies: Annotated[
        str | None,
        typer.Option(help="With --score: which policies, separated by commas; all unless said.", metavar="POLICIES"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="With --score: a folder for score.json and score.png.", metavar="DIR")
    ] = None,
) -> None:
    """Write a made-up world's events as NDJSON: people, devices, shared browsers, kiosks and bots."""
    with plain_errors(), stopped_by_signal(128 + signal.SIGTERM):
        log_plainly()
        from api.command import simulate as simulating
        from api.command.replay import ALL_POLICIES, read_policies
        from graph.simulation import World

        parameters = simulating.read_parameters(parameter or [])
        if not score:
            if own_trackers or out is not None or policies is not None:
                raise Refusal("--own-trackers, --policies and --out go with --score.")
            simulating.write_world(World(people, seed=seed, parameters=parameters), sys.stdout.buffer, truth)
            return
        if truth is not None:
            raise Refusal("--truth goes without --score.")
        settings, chosen = settings_of_command(), read_policies(ALL_POLICIES if policies is None else policies)
        simulating.score(settings, people, seed, parameters, adopts=not own_trackers, policies=chosen, out=out)
