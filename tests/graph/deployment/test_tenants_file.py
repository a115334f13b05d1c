"""The file of tenants: what each is given, and every way in which the file can be wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from graph.deployment.tenants import OF_NOBODY_ELSE, OF_THE_SERVER, TenantSettings, read_tenants
from graph.errors import BadInput
from graph.settings import Settings

Read = Callable[..., dict[str, Settings]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read(text: str, environment: dict[str, str] | None = None, **server: object) -> dict[str, Settings]:
        file = tmp_path / "tenants.yaml"
        file.write_text(text)
        settings = Settings().model_copy(
            update={"tenants": file, "home": tmp_path / "home", "neo4j_uri": None, "neo4j_database": None, **server}
        )
        return read_tenants(settings, environment or {})

    return read


def test_a_tenant_has_its_own_settings_and_the_servers_where_it_has_none(read: Read) -> None:
    found = read(
        "tenants:\n"
        "  north:\n"
        "    neo4j_database: north\n"
        "    neo4j_password: {env: NORTH}\n"
        "    policy: last_login\n"
        "    block: [nobody, no one]\n"
        "    cors_origins: ['https://north.example']\n"
        "    retention_days: 30\n"
        "  south:\n",
        {"NORTH": "secret"},
        neo4j_uri="neo4j://db",
        policy="continuity",
        rate_per_key=5.0,
    )
    north, south = found["north"], found["south"]
    assert (north.policy, south.policy) == ("last_login", "continuity")
    assert (north.block, south.block) == (["nobody", "no one"], [])
    assert (north.neo4j_uri, north.neo4j_database, south.neo4j_database) == ("neo4j://db", "north", None)
    assert north.neo4j_password.get_secret_value() == "secret"
    assert (north.retention_days, north.rate_per_key, south.rate_per_key) == (30, 5.0, 5.0)
    assert (north.tenant, south.tenant, north.tenants) == ("north", "south", None)


def test_keys_and_secrets_of_the_server_are_no_tenants(read: Read, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("a-1\n")
    server = {name: SecretStr("the server's") for name in OF_NOBODY_ELSE}
    found = read(f"tenants:\n  north:\n    admin_key: {{file: {key}}}\n  south:\n", **server)
    assert found["north"].admin_key.get_secret_value() == "a-1"
    for name in OF_NOBODY_ELSE:
        assert not getattr(found["south"], name).get_secret_value()


def test_embedded_databases_have_a_folder_each(read: Read, tmp_path: Path) -> None:
    found = read(f"tenants:\n  north:\n  south:\n  west:\n    home: {tmp_path / 'west'}\n")
    assert [one.home for one in found.values()] == [
        tmp_path / "home" / "tenants" / "north",
        tmp_path / "home" / "tenants" / "south",
        tmp_path / "west",
    ]


def test_every_setting_is_the_servers_or_a_tenants() -> None:
    assert set(TenantSettings.model_fields) | OF_THE_SERVER == set(Settings.model_fields)
    assert not set(TenantSettings.model_fields) & OF_THE_SERVER


WRONG = {
    "no object": ("[north]", "", "type", 1),
    "no YAML": ("tenants: [", "", "syntax", 1),
    "nothing": ("", "", "type", 1),
    "something else beside": ("tenants:\n  north:\nbrands: 1\n", "brands", "unknown_field", 3),
    "nobody": ("tenants: {}\n", "tenants", None, 1),
    "a list": ("tenants: [north]\n", "tenants", None, 1),
    "a tenant twice": ("tenants:\n  north:\n  north:\n", "tenants.north", "duplicate_field", 3),
    "a name with a dot": ("tenants:\n  north.1:\n", "tenants.north.1", "tenant_id", 2),
    "a name in capitals": ("tenants:\n  North:\n", "tenants.North", "tenant_id", 2),
    "a name with an underscore": ("tenants:\n  no_rth:\n", "tenants.no_rth", "tenant_id", 2),
    "a name that ends in a dash": ("tenants:\n  north-:\n", "tenants.north-", "tenant_id", 2),
    "a long name": (f"tenants:\n  {'n' * 64}:\n", f"tenants.{'n' * 64}", "tenant_id", 2),
    "an unknown setting": ("tenants:\n  north:\n    polizy: strict\n", "tenants.north.polizy", "unknown_field", 3),
    "a setting of the server": ("tenants:\n  north:\n    proxies: []\n", "tenants.north.proxies", "unknown_field", 3),
    "an unknown policy": ("tenants:\n  north:\n    policy: lax\n", "tenants.north.policy", None, 3),
    "a rate below zero": ("tenants:\n  north:\n    rate_per_key: -1\n", "tenants.north.rate_per_key", None, 3),
    "no list": ("tenants:\n  north:\n    block: nobody\n", "tenants.north.block", None, 3),
    "a secret in it": ("tenants:\n  north:\n    admin_key: open sesame\n", "tenants.north.admin_key", None, 3),
    "a secret in two places": (
        "tenants:\n  north:\n    admin_key: {env: KEY, file: key}\n",
        "tenants.north.admin_key",
        None,
        3,
    ),
    "a secret nowhere": ("tenants:\n  north:\n    admin_key: {}\n", "tenants.north.admin_key", None, 3),
    "a variable that is not set": (
        "tenants:\n  north:\n    admin_key: {env: NOT_SET}\n",
        "tenants.north.admin_key",
        "secret",
        3,
    ),
    "a file that is not there": (
        "tenants:\n  north:\n    admin_key: {file: /nowhere/key}\n",
        "tenants.north.admin_key",
        "secret",
        3,
    ),
    "a key of two": (
        "tenants:\n  north:\n    admin_key: {env: KEY}\n  south:\n    read_key: {env: KEY}\n",
        "tenants.south.read_key",
        "shared",
        5,
    ),
    "one server's default database twice": (
        "tenants:\n  north:\n    neo4j_uri: bolt://db\n  south:\n    neo4j_uri: neo4j://DB:7687\n",
        "tenants.south.neo4j_database",
        "shared",
        4,
    ),
    "one database twice": (
        "tenants:\n  north: &north\n    neo4j_uri: bolt://db\n    neo4j_database: Brand\n"
        "  south:\n    neo4j_uri: bolt://db\n    neo4j_database: brand\n",
        "tenants.south.neo4j_database",
        "shared",
        7,
    ),
    "one home twice": (
        "tenants:\n  north:\n    home: /srv/kinfold\n  south:\n    home: /srv/../srv/kinfold\n",
        "tenants.south.home",
        "shared",
        5,
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named_with_its_line(case: str, read: Read) -> None:
    text, field, rule, line = WRONG[case]
    with pytest.raises(BadInput) as raised:
        read(text, {"KEY": "k-1, k-2"})
    error = raised.value.errors[0]
    assert error.field == field
    assert rule in (None, error.rule)
    assert f"line {line}:" in error.message
    assert "sesame" not in raised.value.detail, "a secret that was written there by mistake is not repeated"
