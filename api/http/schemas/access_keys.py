"""Access keys: what one may, and which there are."""

from pydantic import BaseModel, Field

from api.http.schemas.examples import with_example
from graph.access.access_keys import KeyScope
from graph.settings import WriteAnswer

_KEY = {
    "id": "1f0f6b0d3b5e",
    "scope": "write",
    "name": "shop",
    "answer": "minimal",
    "created_at": "2026-11-22T10:00:00Z",
    "revoked_at": None,
}


class Access(BaseModel):
    """What whoever asks may do."""

    model_config = with_example({"name": "8d0c1c53c3f1", "scopes": ["steward"], "may": ["analyst", "read", "steward"]})

    name: str = Field(description="The key's id, `environment` for one of the environment, `local` without keys.")
    scopes: list[KeyScope] = Field(description="What the key is for.")
    may: list[KeyScope] = Field(description="The scopes whose calls it opens.")


class AccessKey(BaseModel):
    """One access key; the key itself is not kept."""

    model_config = with_example(_KEY)

    id: str
    scope: KeyScope
    name: str
    answer: WriteAnswer | None = Field(description="How much the answers to a write key tell; null: as deployed.")
    created_at: str
    revoked_at: str | None


class NewAccessKey(AccessKey):
    """An access key that was made, with the key itself, which is shown this once."""

    model_config = with_example({**_KEY, "key": "kinfold_write_…"})

    key: str


class AccessKeyList(BaseModel):
    """Access keys, oldest first, a page of them."""

    items: list[AccessKey]
    next: str | None
