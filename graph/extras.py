"""Optional dependencies: what an engine needs that is not installed with Kinfold itself."""

import importlib.util
from collections.abc import Iterable

from graph.errors import KinfoldError


def check_installed(engine: str, needed: Iterable[str], error: type[KinfoldError]) -> None:
    """Make sure that an engine's extra, which is named like the engine in lower case, is installed.

    Raises
    ------
    KinfoldError
        The given error when it is not, with what to install.
    """
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        raise error(
            f"The {engine} engine needs {' and '.join(missing)}: "
            f"install the extra with pip install 'kinfold[{engine.lower()}]'."
        )
