"""``kinfold block``."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.command.opening import opened_for_edits
from api.command.parameters import AsJson
from api.terminal import Refusal, plain_errors

if TYPE_CHECKING:
    from graph.blocking.blocking import RuleKind


commands = typer.Typer(help="The block list: values that name nobody.", no_args_is_help=True, rich_markup_mode=None)


Pattern = Annotated[bool, typer.Option("--pattern", help="VALUE is a regular expression that matches the whole.")]


Namespace = Annotated[
    str | None, typer.Option("--namespace", help="For its keys alone, such as phone; for every key if left out.")
]


Allow = Annotated[bool, typer.Option("--allow", help="Let VALUE through although a built-in rule blocks it.")]


@commands.command()
def add(
    value: Annotated[str, typer.Argument(metavar="VALUE")],
    pattern: Pattern = False,
    allow: Allow = False,
    namespace: Namespace = None,
    as_json: AsJson = False,
) -> None:
    """Block a value, for every key or those of a namespace: it counts as absent from now on."""
    _edit_block_list(value, namespace, pattern=pattern, allow=allow, as_json=as_json, take_back=False)


@commands.command()
def remove(
    value: Annotated[str, typer.Argument(metavar="VALUE")],
    pattern: Pattern = False,
    allow: Allow = False,
    namespace: Namespace = None,
    as_json: AsJson = False,
) -> None:
    """Take a rule back that was added."""
    _edit_block_list(value, namespace, pattern=pattern, allow=allow, as_json=as_json, take_back=True)


@commands.command("list")
def list_blocked(as_json: AsJson = False) -> None:
    """List the rules that were added."""
    with plain_errors(), opened_for_edits() as kinfold:
        from api.command import blocked as shown
        from api.command.output import Teller

        shown.list_rules(kinfold.blocking.rules(), Teller(as_json=as_json))


def _edit_block_list(
    value: str, namespace: str | None, *, pattern: bool, allow: bool, as_json: bool, take_back: bool
) -> None:
    with plain_errors():
        if pattern and allow:
            raise Refusal("A rule is a --pattern or an --allow, not both.")
        from api.command import blocked as shown
        from api.command.output import Teller

        kind: RuleKind = "pattern" if pattern else "allow" if allow else "value"
        with opened_for_edits() as kinfold:
            shown.edit_rule(kinfold, kind, value, namespace, take_back=take_back, teller=Teller(as_json=as_json))
