"""The namespaces of keys."""

from pydantic import BaseModel, Field

from graph.identity.namespaces import KeyClass, Normaliser


class Namespace(BaseModel):
    """One kind of key, its settings, and how many keys of it there are; settings that are not set are left out."""

    name: str
    key_class: KeyClass = Field(alias="class")
    priority: int
    at_most: int | None = None
    normalise: Normaliser
    region: str | None = None
    pattern: str | None = None
    hash_of: str | None = None
    block: list[str] | None = None
    allow: list[str] | None = None
    block_patterns: list[str] | None = None
    paths: list[str] | None = Field(None, alias="from")
    keys: int


class NamespaceList(BaseModel):
    """The namespaces of a deployment."""

    items: list[Namespace]
    next: str | None
