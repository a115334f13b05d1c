"""What ``kinfold block`` does: rules of the block list."""

from api.command.output import Document, Teller, new_table
from graph.blocking.blocking import RuleKind
from graph.errors import KinfoldError
from graph.kinfold import Kinfold


def edit_rule(
    kinfold: Kinfold, kind: RuleKind, value: str, namespace: str | None, *, take_back: bool, teller: Teller
) -> None:
    """Add a rule to the block list, or take one back."""
    rule = {"kind": kind, "namespace": namespace, "value": value}
    whose = f" as {namespace}" if namespace else ""
    try:
        if take_back:
            kinfold.blocking.remove(kind, value, namespace)
            teller.tell(rule, f"The {kind} rule {value}{f' of {namespace}' if namespace else ''} is taken back.")
            return
        kinfold.blocking.add(kind, value, namespace)
    except KinfoldError as error:
        raise teller.refuse(error) from None
    said = {"value": "is blocked", "pattern": "is blocked as a pattern", "allow": "is let through"}[kind]
    see = "" if kind != "value" else "\nWhat it tied together so far: kinfold unmerge --key NAME=VALUE --dry-run"
    teller.tell(rule, f"{value} {said}{whose}, on every server within two seconds.{see}")


def list_rules(rules: list[Document], teller: Teller) -> None:
    """Show the rules that operators added."""
    listed = {"items": rules, "next": None}
    if not rules:
        teller.tell(listed, "No rules beside the built-in ones and those of KINFOLD_BLOCK and its like.")
        return
    table = new_table("kind", "of", "value", "since")
    for rule in rules:
        table.add_row(rule["kind"], rule["namespace"] or "every key", rule["value"], rule["at"])
    teller.tell(listed, "Beside the built-in list:", table)
