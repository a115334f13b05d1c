"""The list of jars a server release is made of, each with its size and SHA-256.

``python -m graph.embedded.lock lts`` resolves the release again and rewrites its list;
a second argument names another version (``python -m graph.embedded.lock lts 5.26.31``).
"""

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from graph.embedded.signatures import is_signed

PARALLEL = 8
"""Files fetched at a time."""
TIMEOUT = 60
"""Seconds without an answer after which one request is given up."""

_GROUP, _ARTIFACT = "org.neo4j", "neo4j"


@dataclass(frozen=True)
class Jar:
    """One file of a release."""

    group: str
    artifact: str
    version: str
    size: int
    sha256: str
    classifier: str = ""
    packaging: str = "jar"
    signed: bool = False
    """Whether it carries a signature, which Java would read at every start."""

    @property
    def name(self) -> str:
        """Name of the file."""
        classifier = f"-{self.classifier}" if self.classifier else ""
        return f"{self.artifact}-{self.version}{classifier}.{self.packaging}"

    @property
    def path(self) -> Path:
        """Where the file is below the cache; two groups may use the same file name."""
        return Path(self.group) / self.name

    @property
    def unsigned_path(self) -> Path:
        """Where its copy without a signature is below the cache."""
        return self.path.with_name(f"{self.path.stem}-unsigned{self.path.suffix}")


@dataclass(frozen=True)
class Lock:
    """All files of one release line."""

    release: str
    version: str
    jars: tuple[Jar, ...]

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(jar.size for jar in self.jars)

    @property
    def server(self) -> Jar:
        """The jar that names the class to run."""
        return next(jar for jar in self.jars if (jar.group, jar.artifact) == (_GROUP, _ARTIFACT))


def lock_file(release: str) -> Path:
    """Where the committed lock of a release line is.

    Parameters
    ----------
    release
        ``lts`` or ``calendar``.

    Returns
    -------
    Path
        The file, whether or not it exists.
    """
    return Path(__file__).with_name(f"lock-{release}.json")


def load(release: str) -> Lock:
    """Read the committed lock of a release line.

    Parameters
    ----------
    release
        ``lts`` or ``calendar``.

    Returns
    -------
    Lock
        Its jars in class path order.
    """
    content = json.loads(lock_file(release).read_text("utf-8"))
    return Lock(content["release"], content["version"], tuple(Jar(**jar) for jar in content["jars"]))


def sha256(path: Path) -> str:
    """SHA-256 of a file as hexadecimal digits.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    str
        64 digits.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def maven(folder: Path) -> Any:
    """Make the library's context, which knows where artifacts come from.

    A ``[repositories]`` section in the library's own configuration file puts a mirror in
    the place of its default.

    Parameters
    ----------
    folder
        Where it writes what it fetches.

    Returns
    -------
    MavenContext
        Of ``jgo``.
    """
    from jgo.config import GlobalSettings
    from jgo.maven import MavenContext

    mirrors = GlobalSettings.load().repositories or None
    return MavenContext(repo_cache=folder, remote_repos=mirrors, timeout=TIMEOUT)


def make(release: str, version: str) -> Lock:
    """Resolve a server version and fetch all its files once.

    Parameters
    ----------
    release
        The line it belongs to: ``lts`` or ``calendar``.
    version
        Version of ``org.neo4j:neo4j``.

    Returns
    -------
    Lock
        Server first, the rest sorted.
    """
    with tempfile.TemporaryDirectory() as folder:
        context = maven(Path(folder))
        # With the mark (!) the library resolves as Maven does; without it, it lets the server's own list of
        # managed versions overrule what the dependencies ask for, and brings in test libraries.
        server = context.create_dependency(f"{_GROUP}:{_ARTIFACT}:{version}!")
        inputs, others = context.resolver.resolve([server])
        artifacts = [found.artifact for found in others if found.scope in ("compile", "runtime")]
        # A jar whose manifest names another one of its folder comes after it: Java refuses an archive of classes of a
        # class path on which it met that one by the manifest first.
        artifacts.sort(key=lambda found: (found.artifactId == "jaxb-runtime", found.key))

        def describe(found: Any) -> Jar:
            path = found.resolve()
            return Jar(
                group=found.groupId,
                artifact=found.artifactId,
                version=found.version,
                size=path.stat().st_size,
                sha256=sha256(path),
                classifier=found.classifier,
                packaging=found.packaging,
                signed=is_signed(path),
            )

        with ThreadPoolExecutor(PARALLEL) as pool:
            jars = tuple(pool.map(describe, [found.artifact for found in inputs] + artifacts))
    return Lock(release, version, jars)


def dump(lock: Lock) -> str:
    """Write a lock as JSON, one jar a line so that a change reads well.

    Parameters
    ----------
    lock
        What to write.

    Returns
    -------
    str
        The text of the file.
    """
    lines = ",\n".join("    " + json.dumps(_brief(jar)) for jar in lock.jars)
    head = f'  "release": {json.dumps(lock.release)},\n  "version": {json.dumps(lock.version)},\n'
    return f'{{\n{head}  "jars": [\n{lines}\n  ]\n}}\n'


def _brief(jar: Jar) -> dict[str, Any]:
    defaults: Iterable[tuple[str, object]] = (("classifier", ""), ("packaging", "jar"), ("signed", False))
    return {key: value for key, value in asdict(jar).items() if (key, value) not in defaults}


def main(arguments: Sequence[str] | None = None) -> None:
    """Rewrite the lock of a release line.

    Parameters
    ----------
    arguments
        In place of those of the command line.
    """
    parser = argparse.ArgumentParser(
        prog="python -m graph.embedded.lock", description="Rewrite the lock of a release line."
    )
    parser.add_argument("release", choices=("lts", "calendar"))
    parser.add_argument("version", nargs="?", help="another version of the server than the lock has now")
    options = parser.parse_args(arguments)
    lock = make(options.release, options.version or load(options.release).version)
    lock_file(options.release).write_text(dump(lock), "utf-8")
    sys.stdout.write(f"{lock.release} {lock.version}: {len(lock.jars)} jars, {lock.size / 1e6:.0f} MB\n")


if __name__ == "__main__":
    main()
