"""Addresses that are there when a namespace of hashes is declared get their hashes then, once, whatever happens."""

import hashlib
from typing import Any

import pytest

from graph.identity import hashed_keys
from graph.identity.declared_namespaces import agree, apply
from graph.identity.events import read_event
from graph.identity.hashed_keys import hash_known_keys
from graph.identity.namespaces import DEFAULT_NAMESPACES, KeyClass, Namespace, Namespaces
from graph.kinfold import Kinfold
from graph.store.database import Database

HASHED = Namespaces.of([Namespace("email_sha256", KeyClass.PERSON, hash_of="email")])


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def resolve(kinfold: Kinfold, **event: Any) -> str:
    [answer] = kinfold.resolver.resolve([read_event(event, namespaces=kinfold.namespaces)])
    assert answer.contact is not None
    assert answer.contact.id is not None
    return answer.contact.id


def declared(kinfold: Kinfold) -> Kinfold:
    """The same graph for a server that knows the hashes."""
    apply(kinfold.database, HASHED)
    hash_known_keys(kinfold.database, HASHED)
    return Kinfold.on(kinfold.database, kinfold.settings)


def owner_of_hash(kinfold: Kinfold, address: str) -> str:
    [owner] = kinfold.contacts.owners("email_sha256", sha256(address))
    return str(owner["id"])


def test_an_address_of_before_is_found_by_its_hash(kinfold: Kinfold) -> None:
    agree(kinfold.database, DEFAULT_NAMESPACES)
    ana = resolve(kinfold, email="ana@example.com", tracker_id="t1")
    later = declared(kinfold)
    assert resolve(later, keys={"email_sha256": sha256("ana@example.com")}) == ana
    assert later.contacts.get(ana)["keys"]["email_sha256"] == [sha256("ana@example.com")]
    # It counts towards nothing, and goes with the address.
    document = later.keys.take(ana, "email", "ana@example.com")
    assert document["kind"] == "anonymous"
    assert later.contacts.owners("email_sha256", sha256("ana@example.com")) == []


def test_hashes_are_given_page_by_page_and_whoever_was_stopped_is_followed(
    kinfold: Kinfold, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = {f"p{number}@example.com": resolve(kinfold, email=f"p{number}@example.com") for number in range(5)}
    apply(kinfold.database, HASHED)
    monkeypatch.setattr(hashed_keys, "AT_ONCE", 2)
    real, pages = Database.write, []

    def write(self: Database, work: Any, **how: Any) -> Any:
        if len(pages) == 2:
            raise KeyboardInterrupt
        pages.append(work)
        return real(self, work, **how)

    with monkeypatch.context() as patched:
        patched.setattr(Database, "write", write)
        with pytest.raises(KeyboardInterrupt):
            hash_known_keys(kinfold.database, HASHED)
    assert hash_known_keys(kinfold.database, HASHED) == 1
    assert hash_known_keys(kinfold.database, HASHED) == 0
    later = Kinfold.on(kinfold.database, kinfold.settings)
    assert {address: owner_of_hash(later, address) for address in people} == people


def test_an_address_that_came_by_a_union_takes_its_hash_back_by_un_merge(kinfold: Kinfold) -> None:
    ana, ben = resolve(kinfold, email="ana@example.com"), resolve(kinfold, email="ben@example.com")
    merge = kinfold.unions.merge(ana, ben)["id"]
    later = declared(kinfold)
    assert owner_of_hash(later, "ana@example.com") == ben
    later.unions.undo(merge)
    assert owner_of_hash(later, "ana@example.com") == ana
    assert owner_of_hash(later, "ben@example.com") == ben


def test_a_namespace_that_went_and_came_back_hashes_what_came_meanwhile(kinfold: Kinfold) -> None:
    apply(kinfold.database, HASHED)
    hash_known_keys(kinfold.database, HASHED)
    apply(kinfold.database, DEFAULT_NAMESPACES)
    ana = resolve(kinfold, email="ana@example.com")
    assert owner_of_hash(declared(kinfold), "ana@example.com") == ana
