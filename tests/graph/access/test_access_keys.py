"""Access keys in the graph: shown once, kept as digests, revoked for good."""

import hashlib
import re

import pytest

from graph.access.access_keys import KeyScope
from graph.errors import BadInput, NotFound
from graph.kinfold import Kinfold


def test_a_key_is_long_random_and_says_its_scope(kinfold: Kinfold) -> None:
    made = [kinfold.access_keys.create(scope)[1] for scope in KeyScope for _ in range(2)]
    assert len(set(made)) == 2 * len(KeyScope)
    for key, scope in zip(made, [scope for scope in KeyScope for _ in range(2)], strict=True):
        assert re.fullmatch(rf"kinfold_{scope}_[\w-]{{43}}", key)  # 43 characters of base64 are 256 bits


def test_the_graph_holds_the_digest_and_nowhere_the_key(kinfold: Kinfold) -> None:
    _, key = kinfold.access_keys.create(KeyScope.ADMIN, name="ops")
    rows = kinfold.database.read(lambda tx: tx.run_text("MATCH (n) RETURN properties(n) AS held"))
    held = [value for row in rows for value in row["held"].values()]
    assert hashlib.sha256(key.encode()).hexdigest() in held
    assert not any(key in str(value) for value in held)
    assert key not in str(kinfold.access_keys.list())


def test_a_list_shows_every_key_and_when_it_was_revoked(kinfold: Kinfold) -> None:
    first, _ = kinfold.access_keys.create(KeyScope.WRITE, name="shop", answer="minimal")
    second, _ = kinfold.access_keys.create(KeyScope.READ)
    kinfold.access_keys.revoke(first)
    one, two = kinfold.access_keys.list()
    assert (one["id"], one["scope"], one["name"], one["answer"]) == (first, "write", "shop", "minimal")
    assert one["created_at"] <= one["revoked_at"]
    assert (two["id"], two["revoked_at"], two["answer"]) == (second, None, None)
    assert [key.id for key in kinfold.access_keys.active()] == [second]


def test_revoking_again_keeps_the_first_time(kinfold: Kinfold) -> None:
    identifier, _ = kinfold.access_keys.create(KeyScope.READ)
    kinfold.access_keys.revoke(identifier)
    [before] = kinfold.access_keys.list()
    kinfold.access_keys.revoke(identifier)
    assert kinfold.access_keys.list() == [before]


def test_what_is_no_key_cannot_be_revoked(kinfold: Kinfold) -> None:
    with pytest.raises(NotFound):
        kinfold.access_keys.revoke("nothing")


@pytest.mark.parametrize("name", ["x" * 256, "a\nb", "\x00"])
def test_a_name_that_spoils_a_list_is_refused(kinfold: Kinfold, name: str) -> None:
    with pytest.raises(BadInput) as refusal:
        kinfold.access_keys.create(KeyScope.READ, name=name)
    assert refusal.value.errors[0].field == "name"
    assert kinfold.access_keys.list() == []


@pytest.mark.parametrize("scope", [KeyScope.READ, KeyScope.ADMIN])
def test_only_a_write_key_has_minimal_answers(kinfold: Kinfold, scope: KeyScope) -> None:
    with pytest.raises(BadInput) as refusal:
        kinfold.access_keys.create(scope, answer="minimal")
    assert refusal.value.errors[0].field == "answer"
