"""How the addresses of routes are read."""

from starlette.convertors import Convertor, register_url_convertor


class Rest(Convertor[str]):
    """What is left of an address, slashes included, whatever its characters: the usual `path` stops at a newline."""

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        """Return the value as it came."""
        return value

    def to_string(self, value: str) -> str:
        """Return the value as it stands in an address."""
        return value


def register() -> None:
    """Let routes say `{name:rest}`."""
    register_url_convertor("rest", Rest())
