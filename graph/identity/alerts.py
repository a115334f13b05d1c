"""Findings at the event: a subscription or a device with which many persons named themselves.

An event notes that a key gained a person; the statement that writes the event counts the persons of that key, and
raises the finding in the same transaction when there are so many.
"""

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson

from graph.clock import Micros
from graph.identity.working_set import WorkingSet
from graph.model import TRACKER, KeyRef
from graph.store.changes import change_row

SUBJECTS = {TRACKER: "tracker"}
"""What findings call the keys of a namespace, where it is not the namespace's name."""


def finding_id(*parts: str) -> str:
    """Return the name of a finding, of its kind and its subject; 96 bits, in hexadecimal."""
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=12).hexdigest()


def note_crowds(working_set: WorkingSet, gained: Mapping[KeyRef, list[str]], at: Micros, message_id: str) -> None:
    """Note the keys of an event that gained a person, for the statement that writes the event to count."""
    for key, persons in gained.items():
        is_subscription = working_set.namespaces[key.namespace].is_subscription
        working_set.crowds.append(_crowd(key, persons, at, message_id, is_subscription=is_subscription))


def _crowd(key: KeyRef, named: list[str], at: Micros, message_id: str, *, is_subscription: bool) -> dict[str, Any]:
    subject = SUBJECTS.get(key.namespace, key.namespace)
    kind = "shared_subscription" if is_subscription else "shared_device"
    thing = "subscription" if is_subscription else "device"
    change = change_row(
        "finding_raised",
        at,
        finding=finding_id(kind, subject, key.value),
        finding_kind=kind,
        subject_type=subject,
        subject_value=key.value,
        message_id=message_id,
        actions=[orjson.dumps(action).decode() for action in _actions(key, is_subscription=is_subscription)],
        place=1_000,
    )
    reason = f" persons named themselves with this {thing}: whoever uses it now, most of them are somebody else."
    return {"namespace": key.namespace, "value": key.value, "named": named, "change": change, "reason": reason}


def _actions(key: KeyRef, *, is_subscription: bool) -> list[dict[str, Any]]:
    """Describe what can be done: keep it with one person, let it sleep for the others, block it."""
    words = "keep it with this one: take it from the others"
    body: dict[str, Any] = {key.namespace: key.value}
    path = "/v1/contacts/{id}/keys/remove"
    actions = [{"action": "keep", "words": words, "method": "POST", "path": path, "body": body}]
    if is_subscription:
        words = "asleep for the others, until somebody names themselves with it"
        body = {"keys": {key.namespace: key.value}, "logout": True}
        actions.append({"action": "sleep", "words": words, "method": "POST", "path": "/v1/resolve", "body": body})
    path = f"/v1/blocked/value/{quote(key.value, safe='')}"
    actions.append({"action": "block", "words": "block it: it names nobody", "method": "PUT", "path": path})
    return actions
