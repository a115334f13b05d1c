"""Copies of signed jars without their signature.

Java reads the signature of a jar, and the digest of each of its thousands of classes, at every start, and keeps none of
its classes in an archive: a third of the processor time that a start takes. Whoever has held a jar against the checksum
of its lock learns nothing more from that.
"""

import re
import zipfile
from pathlib import Path

_SIGNATURE = re.compile(r"META-INF/([^/]+\.(SF|RSA|DSA|EC)|SIG-[^/]*)", re.IGNORECASE)
_MANIFEST = "META-INF/MANIFEST.MF"
_BETWEEN_SECTIONS = re.compile(rb"(?:\r\n){2,}|\n{2,}|\r{2,}")
_CONTINUED = re.compile(rb"(?:\r\n|\n|\r) ")
_OF_A_DIGEST = re.compile(rb"(Name|.*-Digest(-Manifest)?(-Main-Attributes)?):", re.IGNORECASE)


def is_signed(jar: Path) -> bool:
    """Return whether a jar carries a signature."""
    with zipfile.ZipFile(jar) as file:
        return any(_SIGNATURE.fullmatch(name) for name in file.namelist())


def write_unsigned(jar: Path, target: Path) -> None:
    """Write a copy of a jar that has everything but the signature and the digests.

    Parameters
    ----------
    jar
        Stays as it is.
    target
        Where the copy is written.
    """
    with zipfile.ZipFile(jar) as source, zipfile.ZipFile(target, "w") as copy:
        for entry in source.infolist():
            if not _SIGNATURE.fullmatch(entry.filename):
                content = source.read(entry)
                copy.writestr(entry, _without_digests(content) if entry.filename == _MANIFEST else content)


def _without_digests(manifest: bytes) -> bytes:
    """Drop the sections of a manifest that hold nothing but digests of one file."""
    main, *sections = _BETWEEN_SECTIONS.split(manifest)
    kept = [
        section
        for section in sections
        if not all(_OF_A_DIGEST.match(line) for line in _CONTINUED.sub(b"", section).splitlines())
    ]
    return b"".join(part + b"\r\n\r\n" for part in (main, *kept))
