"""What a deployment can set, all of it by environment variables."""

import json
import os
from pathlib import Path
from typing import Annotated, Literal

from platformdirs import user_cache_path, user_data_path
from pydantic import AliasChoices, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from graph.patterns import Pattern

PolicyName = Literal["strict", "continuity", "last_login"]
ServerRelease = Literal["lts", "calendar"]
WriteAnswer = Literal["full", "minimal"]
LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]
UnionRule = Literal["newest", "oldest", "min", "max", "sum", "collect", "false_wins", "true_wins"]
"""What a union makes of a property that both contacts have; see `graph.identity.union_rules`."""


HOUSEHOLD_PROPERTIES = [
    "name",
    "full_name",
    "surname",
    "last_name",
    "family_name",
    "postcode",
    "postal_code",
    "zip",
    "zip_code",
    "address",
    "street",
    "address_line1",
    "household",
    "household_id",
]
"""Properties that people of one household have in common, unless a deployment names its own."""


class Settings(BaseSettings):
    """Settings of one deployment, read from the environment when made.

    ``NEO4J_*`` point at a Neo4j; everything else is prefixed with ``KINFOLD_``.
    """

    model_config = SettingsConfigDict(env_prefix="KINFOLD_", extra="ignore", populate_by_name=True)

    neo4j_uri: str | None = Field(None, validation_alias=AliasChoices("NEO4J_URI"))
    """Where the database is; without it the embedded one is used."""
    neo4j_user: str = Field("neo4j", validation_alias=AliasChoices("NEO4J_USER"))
    neo4j_password: SecretStr = Field(SecretStr(""), validation_alias=AliasChoices("NEO4J_PASSWORD"))
    neo4j_database: str | None = Field(None, validation_alias=AliasChoices("NEO4J_DATABASE"))

    tenants: Path | None = None
    """A file of tenants, each with a graph and settings of its own (docs/tenants.md); without it there is one graph."""
    tenant: str | None = None
    """Which of them a command is for."""

    policy: PolicyName = "strict"
    """Which policy of the decision table this deployment follows."""
    home: Path = Field(default_factory=lambda: user_data_path("kinfold"))
    """Where the embedded database keeps its data, its password and its log."""
    cache: Path = Field(default_factory=lambda: user_cache_path("kinfold"))
    """Where fetched server files are shared by every home."""

    neo4j_release: ServerRelease = "lts"
    """Which embedded server runs: ``lts`` (5.26) or ``calendar`` (the newest calendar release)."""
    heap: str = "1g"
    """Heap of the embedded server, in the server's own notation (``512m``, ``2g``)."""
    pagecache: str = "512m"
    """Page cache of the embedded server."""
    tx_log: str = "256M size"
    """How much transaction log the embedded server keeps."""
    neo4j_conf: str = ""
    """More lines of the embedded server's own configuration, ``neo4j.conf``, separated by line feeds."""

    keys: Path | None = None
    """A file that declares namespaces of keys beside the four that are always there (docs/keys.md)."""
    max_trackers: int = Field(500, ge=1)
    max_subscriptions: int = Field(50, ge=1)
    max_properties: int = Field(1_000, ge=1)
    """How many names of properties events may give a contact; one that was removed counts, its removal is kept."""
    union_rules: Annotated[dict[str, UnionRule], NoDecode] = {}
    """What a union makes of properties that both contacts have, as ``name=rule`` separated by commas, or as JSON."""
    block: Annotated[list[str], NoDecode] = []
    """Values to block beside the built-in list, separated by commas."""
    allow: Annotated[list[str], NoDecode] = []
    """Values of the built-in list to let through, separated by commas."""
    block_patterns: Annotated[list[str], NoDecode] = []
    """Regular expressions (RE2) to block, separated by line feeds; one must match the whole value."""
    logout_events: Annotated[list[str], NoDecode] = ["Signed Out", "Logged Out"]
    """Names of events of Segment's SDKs that mean a log-out, separated by commas, whatever their case."""
    alert_persons: int = Field(5, ge=0)
    """How many persons who named themselves with a subscription or a device raise a finding at once; 0 for never."""
    write_key: SecretStr = SecretStr("")
    """Access keys, separated by commas, that may send events and read nothing but the answers."""
    read_key: SecretStr = SecretStr("")
    """Access keys, separated by commas, that may read."""
    analyst_key: SecretStr = SecretStr("")
    """Access keys, separated by commas, that may read, and dismiss what an analysis found."""
    steward_key: SecretStr = SecretStr("")
    """Access keys, separated by commas, that may do what an analyst does and everything that can be taken back."""
    admin_key: SecretStr = SecretStr("")
    """Access keys, separated by commas, that may do everything."""
    write_answer: WriteAnswer = "full"
    """How much the answers to a write key tell: all that they say, or nothing about anybody (docs/security.md)."""
    cors_origins: Annotated[list[str], NoDecode] = []
    """Sites whose pages may send events from a browser, separated by commas; ``*`` for any."""
    max_connections: int = Field(1_000, ge=1)
    """How many connections a server keeps open; of more, the one that has been silent for longest is closed."""
    max_body_memory: int = Field(128, ge=40)
    """MiB of large bodies that a server holds at once; who would be beyond is told to come again."""
    rate_per_key: float = Field(0.0, ge=0)
    """Calls a second that one access key may make in the long run; 0 for any number."""
    rate_per_address: float = Field(0.0, ge=0)
    """Calls a second that one address may make in the long run; 0 for any number."""
    proxies: Annotated[list[str], NoDecode] = []
    """Addresses and networks whose X-Forwarded-For is believed, separated by commas."""
    log_format: LogFormat = "text"
    """How a server writes its log: lines for people, or one JSON object a line."""
    log_level: LogLevel = "warning"
    """From which level on a server logs; ``info`` has a line for every call."""
    log_personal: bool = False
    """Whether the log may hold the words of unexpected errors, in which keys of people can stand."""
    retention_days: int | None = Field(None, ge=1)
    """How many days activity is kept; for good when it is not set."""
    suppression_secret: SecretStr = SecretStr("")
    """Hashed along with the keys of persons who were erased, beside the secret in the graph."""
    feed_days: int = Field(90, ge=0)
    """How long changes stay in the feed, in days; 0 for ever. What a webhook has not had yet stays."""
    watch_seconds: float = Field(60.0, gt=0)
    """How often a server looks who came into watched segments and who left."""
    analyse_every: float = Field(24.0, ge=0)
    """How many hours after the last analysis a server analyses a large graph again that has changed; 0 for never."""
    household_properties: Annotated[list[str], NoDecode] = HOUSEHOLD_PROPERTIES
    """Properties that people of one household have in common: what tells a family from strangers on one device."""
    webhooks_allow_internal: bool = False
    """Whether webhooks may go to addresses inside the network that the server stands in."""
    batch_size: int = Field(1000, ge=1, le=1000)
    """Events a commit when a log is read."""
    pool_size: int = Field(20, ge=1)
    """Connections that the driver keeps."""
    retry_seconds: float = Field(30.0, gt=0)
    """How long a transaction that failed for a passing reason is tried again."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read also the files of ``KINFOLD_SECRETS_DIR``, each with the name of the variable that it stands for."""
        folder = os.environ.get("KINFOLD_SECRETS_DIR")
        files = [SecretsSettingsSource(settings_cls, secrets_dir=folder)] if folder else []
        return (init_settings, env_settings, *files)

    @field_validator(
        "block",
        "allow",
        "block_patterns",
        "cors_origins",
        "proxies",
        "household_properties",
        "logout_events",
        mode="before",
    )
    @classmethod
    def _listed(cls, value: object, info: ValidationInfo) -> object:
        if not isinstance(value, str):
            return value
        parts = value.splitlines() if info.field_name == "block_patterns" else value.split(",")
        return [part.strip() for part in parts if part.strip()]

    @property
    def logout_names(self) -> frozenset[str]:
        """The names of events that mean a log-out, as they are compared."""
        return frozenset(name.casefold() for name in self.logout_events)

    @field_validator("union_rules", mode="before")
    @classmethod
    def _ruled(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        if value.lstrip().startswith("{"):
            return json.loads(value)
        rules: dict[str, str] = {}
        for part in value.replace("\n", ",").split(","):
            name, separator, rule = part.replace(":", "=").rpartition("=")
            if separator:
                rules[name.strip()] = rule.strip()
            elif part.strip():
                raise ValueError(f"{part.strip()!r}: a rule is written name=rule")
        return rules

    @field_validator("block_patterns")
    @classmethod
    def _compiled(cls, patterns: list[str]) -> list[str]:
        for pattern in patterns:
            Pattern(pattern)
        return patterns
