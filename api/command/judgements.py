"""What the commands about one person or two do: judgements, splits, suggestions."""

from rich.table import Table

from api.command.edits import read_key
from api.command.output import Document, Teller, new_table
from api.terminal import visible
from graph.edits.splits import Wanted
from graph.errors import KinfoldError
from graph.kinfold import Kinfold
from graph.privacy.export import the_one_owner


def apart(kinfold: Kinfold, contact: str, other: str, *, why: str | None, take_back: bool, teller: Teller) -> None:
    """Keep a contact apart from another one or from a key, or take that judgement back."""
    second, key = (None, read_key(other, kinfold.namespaces)) if "=" in other else (other, None)
    try:
        if take_back:
            found = kinfold.judgements.find(contact, second, key)
            kinfold.judgements.take_back(found)
            teller.tell({"id": found}, f"Judgement {found} is taken back.")
            return
        if second is not None:
            judgement, _ = kinfold.judgements.apart(contact, second, why=why)
        else:
            assert key is not None
            judgement, _ = kinfold.judgements.apart_from_key(contact, *key, why=why)
    except KinfoldError as error:
        raise teller.refuse(error) from None
    told = f"Kept apart: judgement {judgement['id']}. To take it back: kinfold apart {contact} {other} --take-back"
    teller.tell(judgement, told)


def split(
    kinfold: Kinfold,
    contact: str | None,
    around: str | None,
    parts: list[str],
    *,
    block: bool,
    dry_run: bool,
    teller: Teller,
) -> None:
    """Split a contact, or show who would get what."""
    key = None if around is None else read_key(around, kinfold.namespaces)
    named = tuple(tuple(read_key(one, kinfold.namespaces) for one in text.split(",")) for text in parts)
    wanted = Wanted(named, key, block)
    try:
        if contact is None:
            assert key is not None
            contact = the_one_owner(kinfold.contacts.owners(*key), *key)
        if dry_run:
            told = kinfold.splits.preview(contact, wanted)
            teller.tell(
                told, f"Contact {told['contact']} would come apart into {len(told['parts'])} more:", _parts(told)
            )
            return
        entry = kinfold.splits.split(contact, wanted)
    except KinfoldError as error:
        raise teller.refuse(error) from None
    said = f"Contact {entry['contact']} came apart into {len(entry['parts'])} more. To take it back: "
    teller.tell(entry, _parts(entry), f"{said}kinfold split --undo {entry['id']}")


def undo_split(kinfold: Kinfold, split_id: str, *, teller: Teller) -> None:
    """Undo a split."""
    try:
        entry = kinfold.splits.undo(split_id)
    except KinfoldError as error:
        raise teller.refuse(error) from None
    teller.tell(entry, f"Undone: contact {entry['contact']} is whole again.")


def _parts(told: Document) -> Table:
    table = new_table("contact", "keys", "activities", "properties")
    stays = told["stays"]
    for part in told["parts"]:
        table.add_row(
            part["contact"] or "new",
            _keys(part["keys"]),
            str(part["activities"]),
            visible(", ".join(part["properties"])),
        )
    table.add_row(f"{stays['contact']} (stays)", _keys(stays["keys"]), "", visible(", ".join(stays["properties"])))
    if told["taken"]:
        table.add_row("nobody", _keys(told["taken"]), "", "")
    return table


def _keys(keys: dict[str, list[str]]) -> str:
    return visible("\n".join(f"{name}={value}" for name, values in keys.items() for value in values))


def suggest(
    kinfold: Kinfold,
    least: float,
    accept: float | None,
    *,
    with_splink: bool,
    spark: tuple[str, dict[str, str]] | None = None,
    teller: Teller,
) -> None:
    """List suggestions, with Splink's match weights when asked for, or accept those that are probable enough.

    ``spark`` is the master on which Splink works, and settings of it; without one it works on DuckDB.
    """
    if accept is not None:
        unions, refused = kinfold.suggestions.accept_from(accept)
        said = [f"Not united: {' and '.join(one['contacts'])}: {one['reason']}" for one in refused]
        teller.tell({"accepted": unions, "refused": refused}, f"{len(unions)} pairs are one person now.", *said)
        return
    items: list[Document] = []
    cursor = None
    while True:
        page, cursor = kinfold.suggestions.page(least=least, limit=1_000, cursor=cursor)
        items += page
        if cursor is None:
            break
    if with_splink:
        _add_match_weights(kinfold, items, *(spark or (None, {})))
    columns = ("probability", *(("match weight",) if with_splink else ()), "suggestion", "contacts", "reasons")
    table = new_table(*columns)
    for item in items:
        reasons = "\n".join(f"{reason['weight']:+.1f}  {reason['words']}" for reason in item["reasons"])
        weight = item.get("match_weight")
        splink = ("" if weight is None else f"{weight:+.1f}",) if with_splink else ()
        table.add_row(f"{item['probability']:.2f}", *splink, item["id"], "\n".join(item["contacts"]), reasons)
    teller.tell({"items": items, "next": None}, table if items else "No two contacts look like one person.")


def _add_match_weights(kinfold: Kinfold, items: list[Document], master: str | None, options: dict[str, str]) -> None:
    from graph.analysis.splink_engine import weigh, with_jar

    pairs = [item["contacts"] for item in items]
    if master is None or not pairs:
        weights = weigh(kinfold.database, pairs)
    else:
        from graph.spark.session import open_spark

        with open_spark(master, options=with_jar(options)) as spark:
            weights = weigh(kinfold.database, pairs, spark=spark)
    for item in items:
        item["match_weight"] = weights.get(frozenset(item["contacts"]))
