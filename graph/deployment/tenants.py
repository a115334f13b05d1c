"""Several brands in one deployment: each has a graph of its own, and what keeps two of them apart is that.

A condition in every statement would have to be right in every statement. Here a tenant is a whole `Kinfold`, on a
database that no other tenant has: its own by name on one server, its own server, or its own embedded one. A graph
knows whose it is, so that a slip in the file cannot mix two tenants.
"""

import os
import re
from collections import defaultdict
from collections.abc import Mapping
from copy import copy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, create_model, model_validator
from pydantic_core import PydanticCustomError

from graph.access.access_keys import separate
from graph.errors import BadInput, FieldError
from graph.identity.events import field_errors
from graph.settings import Settings
from graph.source_file import SourceFile

OF_THE_SERVER = frozenset({"tenants", "tenant", "cache", "proxies", "log_format", "log_level", "log_personal"})
"""Settings of the process, which every tenant of it shares."""
ACCESS_KEYS = ("write_key", "read_key", "analyst_key", "steward_key", "admin_key")
OF_NOBODY_ELSE = (*ACCESS_KEYS, "suppression_secret")
"""Settings that a tenant does not take over from the server's own: they would tie tenants together."""

_ID = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_BOLT_PORT = 7687


class Secret(BaseModel):
    """Where a secret stands: it is not written into the file of tenants itself."""

    model_config = ConfigDict(extra="forbid")

    env: str | None = Field(None, min_length=1)
    """The environment variable that holds it."""
    file: Path | None = None
    """The file that holds it."""

    @model_validator(mode="before")
    @classmethod
    def _is_a_place(cls, value: object) -> object:
        if not isinstance(value, dict):
            # Without the value, which may be the secret itself.
            raise PydanticCustomError("secret", "a secret is not written here: say {{env: NAME}} or {{file: PATH}}")
        return value

    @model_validator(mode="after")
    def _one(self) -> "Secret":
        if (self.env is None) == (self.file is None):
            raise PydanticCustomError("secret", "a secret stands in one place: {{env: NAME}} or {{file: PATH}}")
        return self

    def read(self, environment: Mapping[str, str]) -> SecretStr:
        """Return the secret.

        Raises
        ------
        ValueError
            When there is none in that place.
        """
        if self.env is not None:
            if not environment.get(self.env):
                raise ValueError(f"the environment variable {self.env} is not set")
            return SecretStr(environment[self.env])
        assert self.file is not None
        try:
            return SecretStr(self.file.read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{self.file} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _own_settings() -> type[BaseModel]:
    """Make the model of what a tenant may set: the settings of a deployment, with their rules, none of them needed."""
    fields: dict[str, Any] = {}
    for name, known in Settings.model_fields.items():
        if name in OF_THE_SERVER:
            continue
        field = copy(known)
        field.validation_alias = field.alias = None
        if known.annotation is SecretStr:
            fields[name] = (Secret | None, None)
        else:
            fields[name] = (known.annotation, field)
    return create_model("TenantSettings", __config__=ConfigDict(extra="forbid"), **fields)


TenantSettings = _own_settings()


class TenantsFile(BaseModel):
    """The file of tenants."""

    model_config = ConfigDict(extra="forbid")

    tenants: dict[str, TenantSettings | None] = Field(min_length=1)  # type: ignore[valid-type]


def read_tenants(settings: Settings, environment: Mapping[str, str] = os.environ) -> dict[str, Settings]:
    """Read the file that the settings name, and return the settings of every tenant, by its id.

    A tenant has the server's settings where it has none of its own, except access keys and secrets. Without a
    database of its own by ``neo4j_uri`` or ``neo4j_database`` it has an embedded one, in a folder of its own.

    Raises
    ------
    BadInput
        When the file breaks a rule, with the field and the line.
    OSError
        When it cannot be read.
    """
    assert settings.tenants is not None
    source = SourceFile(settings.tenants.read_bytes())
    try:
        if not isinstance(source.content, dict):
            raise BadInput([FieldError("", "type", "must be an object with tenants")])
        try:
            content = TenantsFile.model_validate(source.content)
        except ValidationError as error:
            raise BadInput(field_errors(error)) from error
        found = {
            name: _settings_of(name, own or TenantSettings(), settings, environment)
            for name, own in content.tenants.items()
        }
        _check_apart(found)
    except BadInput as error:
        raise source.placed(error) from error
    return found


def _settings_of(tenant: str, own: BaseModel, server: Settings, environment: Mapping[str, str]) -> Settings:
    place = f"tenants.{tenant}"
    if not _ID.fullmatch(tenant):
        raise BadInput(
            [FieldError(place, "tenant_id", "a tenant's id is 1 to 63 of a to z, 0 to 9 and -, with no - at an end")]
        )
    changed: dict[str, Any] = {name: Settings.model_fields[name].default for name in OF_NOBODY_ELSE}
    changed |= {"tenant": tenant, "tenants": None, "home": server.home / "tenants" / tenant}
    for name in own.model_fields_set:
        value = getattr(own, name)
        if isinstance(value, Secret):
            try:
                value = value.read(environment)
            except ValueError as error:
                raise BadInput([FieldError(f"{place}.{name}", "secret", str(error))]) from error
        changed[name] = value
    return server.model_copy(update=changed)


def _check_apart(tenants: Mapping[str, Settings]) -> None:
    """Refuse two tenants that would be one: on the same database, or with the same access key."""
    databases: dict[tuple[str, ...], str] = {}
    keys: defaultdict[str, set[str]] = defaultdict(set)
    for name, settings in tenants.items():
        place, field = _database_of(settings)
        if (other := databases.setdefault(place, name)) != name:
            raise BadInput(
                [FieldError(f"tenants.{name}.{field}", "shared", f"tenant {other} has the same database: {place[-1]}")]
            )
        for field in ACCESS_KEYS:
            for key in separate(getattr(settings, field)):
                keys[key].add(name)
                if len(keys[key]) > 1:
                    others = ", ".join(sorted(keys[key] - {name}))
                    raise BadInput([FieldError(f"tenants.{name}.{field}", "shared", f"tenant {others} has this key")])


def _database_of(settings: Settings) -> tuple[tuple[str, ...], str]:
    """Return what tells databases apart, in words at the end, and the field by which they differ."""
    if settings.neo4j_uri is None:
        home = str(settings.home.expanduser().resolve())
        return ("home", home), "home"
    address = urlsplit(settings.neo4j_uri)
    name = (settings.neo4j_database or "").lower()
    where = f"{(address.hostname or '').lower()}:{address.port or _BOLT_PORT}"
    return ("uri", where, name, f"{name or 'the default one'} of {where}"), "neo4j_database"
