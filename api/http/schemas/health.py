"""The state of the server."""

from pydantic import BaseModel


class Status(BaseModel):
    """The state of this server."""

    status: str
    version: str
