"""The catalogue in the graph: changed one at a time, checked as a whole, and known to every process by its version."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

import orjson
from pydantic import BaseModel, TypeAdapter, ValidationError

from graph.clock import to_datetime
from graph.errors import BadInput, ClashError, FieldError, NotFound, TryAgain
from graph.identity.events import field_errors
from graph.identity.write_context import WriteContext
from graph.offers.catalogue import Catalogue, Environment, Place, hanging_on, mistakes_of, refuse, with_ancestors
from graph.offers.definitions import (
    CatalogueFile,
    CategoryBody,
    EnvironmentBody,
    OfferBody,
    Path,
    PlainName,
    RuleBody,
    SpaceBody,
)
from graph.offers.history import CHANGED, REMOVED, difference
from graph.store.changes import note_acts
from graph.store.database import RECEIPT, Row, Transaction

Document = dict[str, Any]
Parts = dict[str, list[Row]]

_NAME: TypeAdapter[str] = TypeAdapter(PlainName)
_PATH: TypeAdapter[str] = TypeAdapter(Path)


class Catalogues:
    """Keeps environments with their categories, spaces and offers; every change is checked against the whole."""

    def __init__(self, context: WriteContext) -> None:
        self._context, self._database = context, context.database
        self._known: Catalogue | None = None
        self._loading = threading.Lock()

    # --- reading --------------------------------------------------------------------------------------------

    def current(self) -> Catalogue:
        """Return the catalogue as the graph has it now."""
        return self._database.read(self.load)

    def known(self) -> Catalogue:
        """Return the catalogue as this process last saw it; whoever acts on it compares its version."""
        known = self._known
        if known is None:
            with self._loading:
                known = self._known or self.current()
        return known

    def load(self, tx: Transaction) -> Catalogue:
        """Read the catalogue in a transaction, and know it from then on."""
        catalogue = _catalogue(tx.run("offers.catalogue")[0])
        self._known = catalogue
        return catalogue

    def confirm(self, tx: Transaction, catalogue: Catalogue) -> None:
        """Make sure that a catalogue is still that of the graph.

        Raises
        ------
        TryAgain
            When it is not; the right one is known then.
        """
        if tx.run("offers.version")[0]["version"] != catalogue.version:
            self.load(tx)
            raise TryAgain

    def environments(self) -> list[Document]:
        """List every environment, by name."""
        return [_environment(one) for _, one in sorted(self.current().environments.items())]

    def environment(self, name: str) -> Document:
        """Return an environment.

        Raises
        ------
        NotFound
            When there is none of this name.
        """
        return _environment(_find(self.current(), name))

    def listed(self, environment: str, part: str) -> list[Document]:
        """List an environment's ``rules``, ``categories``, ``spaces`` or ``offers``, by name.

        Raises
        ------
        NotFound
            When there is no such environment.
        """
        found = _find(self.current(), environment)
        return [_part(found, part, name) for name in sorted(getattr(found, part))]

    def part(self, environment: str, part: str, name: str) -> Document:
        """Return one of an environment's ``rules``, ``categories``, ``spaces`` or ``offers``.

        Raises
        ------
        NotFound
            When there is no such environment, or nothing of this name in it.
        """
        found = _find(self.current(), environment)
        if name not in getattr(found, part):
            raise NotFound(f"Environment {environment!r} has no {_SINGULAR[part]} {name!r}.")
        return _part(found, part, name)

    # --- changing -------------------------------------------------------------------------------------------

    def put_environment(
        self, name: str, body: EnvironmentBody, *, only_new: bool = False, dry_run: bool = False
    ) -> tuple[bool, Document]:
        """Make an environment, or change it; what is in it stays.

        Parameters
        ----------
        only_new
            Refuse to change one that is there.
        dry_run
            Check and answer the same, and write nothing.

        Returns
        -------
        tuple of bool and dict
            Whether it is new, and the environment.

        Raises
        ------
        BadInput
            When the name or the body breaks a rule, or the catalogue would.
        ClashError
            When it is there and only a new one is wanted.
        """
        _check_name(_NAME, name)
        place: Place = ("environments", name)

        def change(catalogue: Catalogue) -> tuple[Catalogue, bool]:
            before = catalogue.environments.get(name)
            if before is not None and only_new:
                raise ClashError(f"There is an environment {name!r} already.")
            made = Environment.of(name, body)
            if before is not None:
                parts = {part: getattr(before, part) for part in _PARTS}
                made = replace(made, **parts)
            return _with(catalogue, made), before is None

        new, catalogue = self._change(change, place, bodies={name: body}, dry_run=dry_run)
        return new, _environment(catalogue.environments[name])

    def put_part(
        self, environment: str, part: str, name: str, body: BaseModel, *, dry_run: bool = False
    ) -> tuple[bool, Document]:
        """Make one of an environment's ``rules``, ``categories``, ``spaces`` or ``offers``, or change it.

        The categories that a category's path lies in are made with it. As `put_environment`.
        """
        _check_name(_PATH if part == "categories" else _NAME, name)

        def change(catalogue: Catalogue) -> tuple[Catalogue, bool]:
            found = _find(catalogue, environment)
            parts = {**getattr(found, part), name: body}
            if part == "categories":
                parts = with_ancestors(cast("dict[str, CategoryBody]", parts))
            changed = replace(found, **{part: parts})  # type: ignore[arg-type]
            return _with(catalogue, changed), name not in getattr(found, part)

        new, catalogue = self._change(change, ("environments", environment, part, name), dry_run=dry_run)
        return new, _part(catalogue.environments[environment], part, name)

    # --- removing -------------------------------------------------------------------------------------------

    def remove_environment(self, name: str) -> None:
        """Remove an environment with nothing in it. Its visitors stay, its folder does not.

        Raises
        ------
        NotFound
            When there is none of this name.
        ClashError
            When something is in it, or a space elsewhere falls back to one of its spaces: ``hanging`` names them.
        """
        self._remove(name, None, name)

    def remove_part(self, environment: str, part: str, name: str) -> Document | None:
        """Remove a rule, a category, a space or an offer of an environment. An offer that was proposed ends instead.

        Returns
        -------
        dict or None
            The offer as it ends; None when it is gone.

        Raises
        ------
        NotFound
            When there is no such environment, or nothing of this name in it.
        ClashError
            When something hangs on it: ``hanging`` names that.
        """
        return self._remove(environment, part, name)

    def _remove(self, environment: str, part: str | None, name: str) -> Document | None:
        def work(tx: Transaction) -> Document | None:
            tx.run("offers.lock", version=self._context.id_source.time_ordered())
            catalogue = _catalogue(tx.run("offers.catalogue")[0])
            found = _find(catalogue, environment)
            if part is not None and name not in getattr(found, part):
                raise NotFound(f"Environment {environment!r} has no {_SINGULAR[part]} {name!r}.")
            what = f"{_SINGULAR[part or 'environments']} {name!r}"
            if hanging := hanging_on(catalogue, found, part, name):
                listed = "; ".join(f"{kind} {', '.join(names)}" for kind, names in hanging.items())
                raise ClashError(f"Something hangs on {what}: {listed}. Remove or change that first.", hanging=hanging)
            if part == "offers" and tx.run("offers.proposed", environment=environment, name=name)[0]["proposed"]:
                return self._end(tx, catalogue, found, name)
            tx.run(f"offers.remove_{_SINGULAR[part or 'environments']}", environment=environment, name=name)
            self._note(tx, REMOVED, part or "environments", [{"environment": environment, "name": name}], catalogue)
            return None

        return self._database.write(work, committed=RECEIPT)

    def _end(self, tx: Transaction, catalogue: Catalogue, environment: Environment, name: str) -> Document:
        now, before = to_datetime(self._context.clock.next()), environment.offers[name]
        over = before.ends_at is not None and before.ends_at <= now
        starts = before.starts_at if before.starts_at is not None and before.starts_at < now else None
        body = before if over else before.model_copy(update={"ends_at": now, "starts_at": starts})
        [row] = [_offer_row(environment.name, name, body)]
        tx.run("offers.put_offers", offers=[row])
        ended = replace(environment, offers={**environment.offers, name: body})
        self._note(tx, CHANGED, "offers", [row], catalogue, _with(catalogue, ended))
        return _part(ended, "offers", name)

    def import_file(self, file: CatalogueFile) -> None:
        """Make or change everything that a catalogue's file describes, all of it or nothing.

        What the graph has and the file does not name stays.

        Raises
        ------
        BadInput
            With every rule that the catalogue would break, and where.
        """

        def change(catalogue: Catalogue) -> tuple[Catalogue, bool]:
            for name, body in file.environments.items():
                made = Environment.of(name, body, body)
                if (before := catalogue.environments.get(name)) is not None:
                    made = replace(
                        made,
                        rules={**before.rules, **made.rules},
                        categories={**before.categories, **made.categories},
                        spaces={**before.spaces, **made.spaces},
                        offers={**before.offers, **made.offers},
                    )
                catalogue = _with(catalogue, made)
            return catalogue, True

        self._change(change, (), bodies=file.environments)

    def export(self) -> Document:
        """Return the whole catalogue as a file holds it: importing it again changes nothing."""
        shown: Document = {}
        for name, one in sorted(self.current().environments.items()):
            shown[name] = _definition(_body_of(one))
            for part in _PARTS:
                items = {key: _definition(body) for key, body in sorted(getattr(one, part).items())}
                if items:
                    shown[name][part] = items
        return {"environments": shown}

    def _change(
        self,
        change: Callable[[Catalogue], tuple[Catalogue, bool]],
        place: Place,
        bodies: Mapping[str, EnvironmentBody] | None = None,
        *,
        dry_run: bool = False,
    ) -> tuple[bool, Catalogue]:
        def work(tx: Transaction) -> tuple[bool, Catalogue]:
            version = self._context.id_source.time_ordered()
            tx.run("offers.lock", version=version)
            before = _catalogue(tx.run("offers.catalogue")[0])
            after, new = change(before)
            refuse(mistakes_of(after, bodies, self._context.namespaces), place)
            for statement, rows in _rows(before, after).items():
                if rows:
                    tx.run(f"offers.put_{statement}", **{statement: rows})
                    self._note(tx, CHANGED, statement, rows, before, after)
            return new, replace(after, version=version)

        if dry_run:
            return self._database.rehearse(work)
        return self._database.write(work, committed=RECEIPT)

    def _note(
        self,
        tx: Transaction,
        what: str,
        part: str,
        rows: list[Row],
        before: Catalogue,
        after: Catalogue | None = None,
    ) -> None:
        """Note in the audit what became different of some parts; where nothing comes after, they are gone."""
        acts = []
        for row in rows:
            name = str(row.get("name", row.get("path")))
            environment = str(row.get("environment", name))
            was, now = (_body(one, environment, part, name) for one in (before, after))
            acts.append(
                {
                    "part": _SINGULAR[part],
                    "environment": environment,
                    "name": name,
                    "new": True if was is None else None,
                    "changed": difference(was, now),
                }
            )
        note_acts(tx, what, self._context.clock.next(), acts)


_PARTS = ("rules", "categories", "spaces", "offers")
_SINGULAR = {
    "environments": "environment",
    "rules": "rule",
    "categories": "category",
    "spaces": "space",
    "offers": "offer",
}


def _check_name(adapter: TypeAdapter[str], name: str) -> None:
    try:
        adapter.validate_python(name)
    except ValidationError as error:
        raise BadInput([FieldError("name", one.rule, one.message) for one in field_errors(error)]) from error


def _find(catalogue: Catalogue, name: str) -> Environment:
    if name not in catalogue.environments:
        raise NotFound(f"There is no environment {name!r}.")
    return catalogue.environments[name]


def _with(catalogue: Catalogue, environment: Environment) -> Catalogue:
    return replace(catalogue, environments={**catalogue.environments, environment.name: environment})


def _catalogue(row: Row) -> Catalogue:
    parts: dict[str, dict[str, dict[str, Any]]] = {
        name: {part: {} for part in _PARTS} for name, _ in row["environments"]
    }
    models: dict[str, type[BaseModel]] = {
        "rules": RuleBody,
        "categories": CategoryBody,
        "spaces": SpaceBody,
        "offers": OfferBody,
    }
    for part, model in models.items():
        for environment, name, definition in row[part]:
            parts[environment][part][name] = model.model_validate_json(definition)
    segments = {name: (kind, None if where is None else orjson.loads(where)) for name, kind, where in row["segments"]}
    found = {}
    for name, definition in row["environments"]:
        made = Environment.of(name, EnvironmentBody.model_validate_json(definition))
        found[name] = replace(made, segments=segments, **parts[name])  # type: ignore[arg-type]
    return Catalogue(row["version"], found, segments)


def _body_of(one: Environment) -> EnvironmentBody:
    """Return what an environment says of itself, without what is in it."""
    said = {"kind": one.kind, "visitors_folder": one.visitors_folder, "goes_on_from": one.goes_on_from}
    if one.segment is not None:
        said |= {"targeting_dimension": "segment", "segment": one.segment}
    return EnvironmentBody.model_validate(said)


def _body(catalogue: Catalogue | None, environment: str, part: str, name: str) -> BaseModel | None:
    """Return what a catalogue says of one of its parts; None where it is not there."""
    found = None if catalogue is None else catalogue.environments.get(environment)
    if found is None or part == "environments":
        return None if found is None else _body_of(found)
    body: BaseModel | None = getattr(found, part).get(name)
    return body


def _definition(body: BaseModel) -> Document:
    """Return what of a definition is not said by leaving it out."""
    return body.model_dump(mode="json", exclude_defaults=True)


def _text(body: BaseModel) -> str:
    return orjson.dumps(_definition(body), option=orjson.OPT_SORT_KEYS).decode()


def _rows(before: Catalogue, after: Catalogue) -> Parts:
    """Write down what a change made different, in the order in which it can be written."""
    rows: Parts = {"environments": [], "rules": [], "categories": [], "spaces": [], "offers": []}
    for name, now in after.environments.items():
        was = before.environments.get(name)
        if was is None or _body_of(was) != _body_of(now):
            rows["environments"].append(
                {
                    "name": name,
                    "kind": now.kind,
                    "targeting_dimension": now.targeting_dimension,
                    "segment": now.segment,
                    "inbound_anonymous": now.kind == "anonymous",
                    "folder": now.visitors_folder,
                    "goes_on_from": list(now.goes_on_from),
                    "definition": _text(_body_of(now)),
                }
            )
        for rule, body_of_rule in now.rules.items():
            if was is None or _differs(was.rules.get(rule), body_of_rule):
                rows["rules"].append({"environment": name, "name": rule, "definition": _text(body_of_rule)})
        for path, category in now.categories.items():
            if was is None or _differs(was.categories.get(path), category):
                rows["categories"].append(
                    {
                        "environment": name,
                        "path": path,
                        "definition": _text(category),
                        "parent": now.parent(path),
                        "excludes": list(category.excludes),
                    }
                )
        for space, body_of_space in now.spaces.items():
            if was is None or _differs(was.spaces.get(space), body_of_space):
                answering, _, other = (body_of_space.anonymous_space or "").partition("/")
                rows["spaces"].append(
                    {
                        "environment": name,
                        "name": space,
                        "definition": _text(body_of_space),
                        "anonymous_environment": answering,
                        "anonymous_space": other,
                    }
                )
        for offer, body_of_offer in now.offers.items():
            if was is None or _differs(was.offers.get(offer), body_of_offer):
                rows["offers"].append(_offer_row(name, offer, body_of_offer))
    return rows


def _differs(before: BaseModel | None, after: BaseModel) -> bool:
    # Compared as they are written: to Python 1 and true are the same.
    return before is not after and (before is None or _text(before) != _text(after))


def _offer_row(environment: str, name: str, body: OfferBody) -> Row:
    return {
        "environment": environment,
        "name": name,
        "definition": _text(body),
        "state": body.state,
        "weight": body.weight,
        "category": body.category,
    }


def _environment(one: Environment) -> Document:
    return {
        "name": one.name,
        "kind": one.kind,
        "targeting_dimension": one.targeting_dimension,
        "segment": one.segment,
        "inbound_anonymous": one.kind == "anonymous",
        "visitors_folder": one.visitors_folder,
        "goes_on_from": list(one.goes_on_from),
    }


def _part(environment: Environment, part: str, name: str) -> Document:
    body = getattr(environment, part)[name]
    shown = {"path" if part == "categories" else "name": name, "environment": environment.name}
    said: Document = body.model_dump(mode="json") | shown
    if part == "categories":
        said["parent"] = environment.parent(name)
    if part in _COUNTED_OVER and said["at_most"] is not None:
        said["at_most"]["scope"] = said["at_most"]["scope"] or _COUNTED_OVER[part]
    return said


_COUNTED_OVER = {"offers": "offer", "categories": "category"}
"""Over what a limit counts that does not say it."""
