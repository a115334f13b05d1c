"""What people call a contact: its name where properties say one, else the key that says most."""

from collections.abc import Mapping, Sequence
from typing import Any

from graph.model import TRACKER, KeyName

MAX_NAME_SHOWN = 120
"""Characters of a name that are shown."""

_WHOLE = ("name", "fullname", "displayname", "contactname")
_GIVEN = ("firstname", "givenname", "forename", "prenom", "vorname")
_FAMILY = ("lastname", "familyname", "surname", "nom", "nachname")
_LEFT_OUT = str.maketrans("", "", "_- .")


def name_of(contact_id: str, properties: Mapping[str, Any], keys: Mapping[KeyName, Sequence[str]]) -> str:
    """Return what a contact is called in lists and drawings.

    A whole name comes first, then a given and a family name, then an email, another key, a short form of the id.
    How the names of properties are written does not count: ``firstName``, ``first_name`` and ``_first_name`` are one.

    >>> name_of("0192-3fa9c1d2", {"_name": "Ana", "_surname": "Silva"}, {})
    'Ana Silva'
    >>> name_of("0192-3fa9c1d2", {"plan": "free"}, {"tracker_id": ["t1"], "email": ["ana@example.com"]})
    'ana@example.com'
    >>> name_of("0192-3fa9c1d2", {}, {})
    '3fa9c1d2'
    """
    said = {name.translate(_LEFT_OUT).lower(): _text(properties[name]) for name in sorted(properties, reverse=True)}
    whole, given, family = (next(filter(None, map(said.get, names)), "") for names in (_WHOLE, _GIVEN, _FAMILY))
    if whole and said.get("surname") and said["surname"].lower() not in whole.lower():
        whole = f"{whole} {said['surname']}"
    return (whole or f"{given} {family}".strip() or _key(keys) or contact_id[-8:])[:MAX_NAME_SHOWN]


def _text(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _key(keys: Mapping[KeyName, Sequence[str]]) -> str:
    last = (TRACKER, "subscription")
    order = ("email", "user_id", *(name for name in sorted(keys) if name not in last), *last)
    return next((keys[name][0] for name in order if keys.get(name)), "")
