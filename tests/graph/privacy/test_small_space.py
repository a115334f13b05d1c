"""Suppression hashes against somebody who has a copy of the database and tries every address of a small firm."""

import hashlib
import hmac
from itertools import product
from typing import Any

from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.settings import Settings
from graph.store.database import REPEATABLE, Database

FIRST = [f"name{number}" for number in range(40)]
LAST = [f"family{number}" for number in range(25)]
SPACE = [f"{first}.{last}@firm.example" for first, last in product(FIRST, LAST)]
ERASED = SPACE[617]


def erase(kinfold: Kinfold) -> None:
    kinfold.resolver.resolve([read_event({"email": ERASED, "user_id": "1017"})])
    kinfold.erasures.erase(kinfold.contacts.owners("email", ERASED)[0]["id"])


def copy_of(database: Database) -> list[Any]:
    """Every value of every property in the database."""
    rows = database.read(lambda tx: tx.run_text("MATCH (n) UNWIND keys(n) AS name RETURN n[name] AS value"))
    return [row["value"] for row in rows]


def guessed(copy: list[Any], space: list[str]) -> list[str]:
    """The addresses that are found by hashing each of them, plainly and with each text of the copy as the secret."""
    texts = {value for value in copy if isinstance(value, str)}
    found = []
    for address in space:
        for message in (address.encode(), f"email\0{address}".encode()):
            tries = [hashlib.sha256(message).hexdigest(), hashlib.sha1(message).hexdigest()]
            for secret in texts:
                for key in (secret.encode(), f"{secret}\0".encode()):
                    tries.append(hmac.digest(key, message, hashlib.sha256).hex())
            if texts.intersection(tries):
                found.append(address)
    return sorted(set(found))


def test_a_copy_of_the_database_alone_tells_nobody_where_the_secret_is_kept_beside_it(
    database: Database, server: Settings
) -> None:
    kinfold = Kinfold.on(database, server.model_copy(update={"suppression_secret": Settings(
        suppression_secret="beside the database"  # type: ignore[arg-type]
    ).suppression_secret}))  # fmt: skip
    erase(kinfold)
    copy = copy_of(database)
    assert ERASED not in str(copy)
    assert "beside the database" not in str(copy)
    assert guessed(copy, SPACE) == []
    answer = kinfold.resolver.resolve([read_event({"email": ERASED})])[0]
    assert answer.ignored[0].reason == "suppressed", "and this deployment knows the address again"


def test_without_it_the_secret_is_in_the_database_and_a_copy_tells_who_was_erased_as_the_page_says(
    database: Database, kinfold: Kinfold
) -> None:
    erase(kinfold)
    copy = copy_of(database)
    assert ERASED not in str(copy), "not in words"
    assert guessed(copy, SPACE) == [ERASED]


def test_the_list_that_is_shown_tells_nobody_without_the_database(database: Database, kinfold: Kinfold) -> None:
    erase(kinfold)
    items, _ = kinfold.suppression.page()
    assert len(items) == 2
    assert guessed([value for item in items for value in item.values()], SPACE) == []


def test_the_same_person_has_another_hash_in_another_deployment(database: Database, kinfold: Kinfold) -> None:
    digests = []
    for _ in range(2):
        erase(kinfold)
        digests.append({item["digest"] for item in kinfold.suppression.page()[0]})
        database.write(
            lambda tx: tx.run_text("MATCH (n) WHERE n:Secret OR n:Suppressed DETACH DELETE n"), committed=REPEATABLE
        )
    assert digests[0].isdisjoint(digests[1])
