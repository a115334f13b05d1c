"""The database room: the only place that opens sessions, retries and commits."""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any, Generic, TypeVar
from uuid import uuid4

from graph import tracing
from graph.callbacks import notify
from graph.driver import (
    READ_ACCESS,
    WRITE_ACCESS,
    AuthError,
    Bookmarks,
    ConnectionAcquisitionTimeoutError,
    DatabaseError,
    Driver,
    DriverError,
    GraphDatabase,
    Neo4jError,
    NotificationMinimumSeverity,
    ResultFailedError,
    ServiceUnavailable,
    Session,
    SessionExpired,
)
from graph.driver import Transaction as BoltTransaction
from graph.errors import BadBookmark, TryAgain, Unavailable
from graph.settings import Settings
from graph.store.statements import PARAMETERS, Statement, load_statements

Result = TypeVar("Result")
Row = dict[str, Any]

log = logging.getLogger("kinfold.database")

_after: ContextVar[frozenset[str]] = ContextVar("kinfold_after", default=frozenset())

THREADS = 256
"""How many statements run beside their callers at once: more than a pool has connections, for one that waited for a
thread could hold the locks that the others wait for."""

PATIENCE = 3
"""After so many collisions a writer stands in line with the others that had as many, so that one after the other gets
through however many there are."""

_INVALID_BOOKMARK = "Neo.ClientError.Transaction.InvalidBookmark"
_RACES = frozenset(
    {
        # Two transactions created the same key: the loser reads again and finds it.
        "Neo.ClientError.Schema.ConstraintValidationFailed",
        # A contact was folded between the look at its key and the wait for its lock.
        "Neo.ClientError.Statement.EntityNotFound",
        # Two processes started at once and made the same index.
        "Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists",
    }
)
"""Codes of races that others won: trying again finds what they left. What repeats is a fault and no race."""

MAX_RACES = 25
"""How often one transaction may lose such races, all in all; then what the database said is raised."""

SETTLED_AT_ONCE = 100
"""How many receipts of answered writes the next write deletes."""
RECEIPT_DAYS = 1
"""How long a receipt is kept that nobody settled, because its process ended."""

_BROKEN_OFF = frozenset(
    {
        "Neo.DatabaseError.Transaction.TransactionLogError",
        "Neo.DatabaseError.Transaction.TransactionCommitFailed",
        "Neo.DatabaseError.Transaction.TransactionStartFailed",
    }
)
"""Codes of a server that could not write its log, as on a full disk, and takes nothing until it is restarted. Said to
a commit, they leave open whether the log has it."""

_PASSING = _BROKEN_OFF | frozenset(
    {
        # The leader moved on while the transaction was under way.
        "Neo.ClientError.Cluster.NotALeader",
        "Neo.ClientError.General.ForbiddenOnReadOnlyDatabase",
        # The server is going down or coming up.
        "Neo.ClientError.Transaction.TransactionNotFound",
        "Neo.TransientError.General.DatabaseUnavailable",
    }
)


class Doubt(Enum):
    """How a write whose commit nobody answered is recognised, where the graph does not show it by itself."""

    RECEIPT = auto()
    """Leave a receipt in the same commit, and look for it."""
    REPEATABLE = auto()
    """Do it again: twice comes to the same graph and the same result as once."""


RECEIPT, REPEATABLE = Doubt.RECEIPT, Doubt.REPEATABLE


@contextmanager
def reading_after(bookmarks: frozenset[str]) -> Iterator[None]:
    """Let what is read within this context see what these bookmarks stand for, whichever member of a cluster it asks.

    Raises
    ------
    BadBookmark
        Within the context, when the database did not give them.
    """
    token = _after.set(bookmarks)
    try:
        yield
    finally:
        _after.reset(token)


class _Parameters(dict[str, Any]):
    """The parameters of a statement, which no log has.

    The driver writes a statement out for its log before it asks whether anybody reads that: of a batch of a log it took
    as long as sending it. They are people's data, too.
    """

    def __repr__(self) -> str:
        return "{…}"


def _span(statements: Sequence[str]) -> AbstractContextManager[Any]:
    """Open the span of a round trip: of its statement, or of as many as travel together."""
    attributes: dict[str, str | int] = {"db.system.name": "neo4j", "db.operation.name": ", ".join(statements)}
    if len(statements) == 1:
        return tracing.span(statements[0], attributes)
    return tracing.span("statements", attributes | {"db.operation.batch.size": len(statements)})


class Transaction:
    """One open transaction: named statements in, rows out."""

    def __init__(self, bolt: BoltTransaction, statements: Mapping[str, Statement], threads: Executor) -> None:
        self._bolt = bolt
        self._statements = statements
        self._threads = threads
        self._started: Future[list[Row]] | None = None
        self._deferred: list[tuple[Statement, Mapping[str, Any]]] = []
        self.refused = False
        """Whether the server refused a statement that went with the commit: then nothing was committed."""

    def run(self, name: str, /, **parameters: Any) -> list[Row]:
        """Run a named statement and return all its rows.

        Raises
        ------
        KeyError
            When there is no such statement.
        TypeError
            When the parameters are not those that the statement declares.
        """
        self.wait()
        return self._run(name, parameters)

    def start(self, name: str, /, **parameters: Any) -> None:
        """Run a named statement that returns nothing while the caller goes on.

        What is run next waits for it and raises what it raised; so does the commit.
        """
        self.wait()
        self._started = self._threads.submit(self._run, name, parameters)

    def defer(self, name: str, /, **parameters: Any) -> None:
        """Run a named statement that returns nothing in the round trip of what comes next: a statement, or the commit.

        What comes next raises what it raised. A rehearsal leaves it out when nothing comes after it.

        Raises
        ------
        TypeError
            When the statement returns something, or the parameters are not those that it declares.
        """
        statement = self._declared(name, parameters)
        if statement.columns:
            raise TypeError(f"{name} returns {', '.join(statement.columns)}, which nobody would get")
        # What was started takes along, in a thread of its own, what was deferred before it.
        self.wait()
        self._deferred.append((statement, parameters))

    def wait(self) -> None:
        """Wait for the statement that was started, if any, and raise what it raised."""
        started, self._started = self._started, None
        if started is not None:
            started.result()

    def settle(self) -> None:
        """Do all that was asked for and not done yet, and raise what it raised."""
        self.wait()
        if self._deferred:
            with self._round_trip():
                connection = self._bolt._error_handling_connection
                connection.send_all()
                connection.fetch_all()

    def commit(self) -> None:
        """Commit; what was deferred is run just before."""
        self.wait()
        with self._round_trip():
            self._bolt.commit()

    def rollback(self) -> None:
        """Take everything back."""
        self.wait()
        self._bolt.rollback()

    @contextmanager
    def _round_trip(self, *following: str) -> Iterator[None]:
        """Send what was deferred ahead of what is sent within; the answers to all of it are awaited there."""

        def refuse(_: Any) -> None:
            self.refused = True

        deferred, self._deferred = self._deferred, []
        names = [*(statement.name for statement, _ in deferred), *following]
        with _span(names) if names else nullcontext():
            # The driver has no public way to send a statement and go on before its answer is here.
            connection = self._bolt._connection
            for statement, parameters in deferred:
                connection.run(statement.text, {PARAMETERS: _Parameters(parameters)}, on_failure=refuse)
                connection.pull(on_failure=refuse)
            yield

    def _declared(self, name: str, parameters: Mapping[str, Any]) -> Statement:
        statement = self._statements[name]
        if parameters.keys() != statement.parameters:
            raise TypeError(f"{name} takes {sorted(statement.parameters)}, was given {sorted(parameters)}")
        return statement

    def _run(self, name: str, parameters: Mapping[str, Any]) -> list[Row]:
        statement = self._declared(name, parameters)
        with self._round_trip(name):
            result = self._bolt.run(statement.text, {PARAMETERS: _Parameters(parameters)})
            keys = result.keys()
            return [dict(zip(keys, record.values(), strict=True)) for record in result]

    def run_text(self, text: str, **parameters: Any) -> list[Row]:
        """Run a text that came from a file of ``cypher/migrations/``."""
        self.wait()
        with self._round_trip():
            return self._bolt.run(text, parameters).data()


class Database:
    """A Neo4j with the product's statements.

    Parameters
    ----------
    driver
        An open driver; closed with this object.
    name
        The database's name, None for the server's default.
    retry_seconds
        How long a transaction that failed for a passing reason is tried again.
    revive
        Brings the server back when it has gone away and is ours to start; called in a thread of its own, one call
        at a time.
    shortage
        Says in a sentence what the server's machine lacks for it to run, None when nothing; asked when the server is
        away, so that nobody waits for what does not come by waiting.
    routed
        Whether the driver routes: readers to any member of a cluster, writers to its leader.
    """

    def __init__(
        self,
        driver: Driver,
        *,
        name: str | None = None,
        retry_seconds: float = 30.0,
        revive: Callable[[], object] | None = None,
        shortage: Callable[[], str | None] | None = None,
        routed: bool = False,
    ) -> None:
        self.routed = routed
        """Whether readers may be sent to another member of a cluster than writers."""
        self._reviver = None if revive is None else _Reviver(revive)
        self._shortage = shortage or (lambda: None)
        self._driver = driver
        self._name = name
        self._retry_seconds = retry_seconds
        self._statements = load_statements()
        # For statements that run beside their caller; each transaction has at most one of them under way.
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="kinfold-statement")
        # Readers on followers wait for what was written through this object.
        self._bookmarks = GraphDatabase.bookmark_manager()
        # Receipts of writes that were answered: the next writes delete them.
        self._settled: deque[str] = deque()
        self.retried: Callable[[str], None] = lambda _: None
        """Told why a transaction is tried again, each time; for metrics."""

    @classmethod
    def connect(
        cls,
        uri: str,
        user: str,
        password: str,
        settings: Settings,
        *,
        revive: Callable[[], object] | None = None,
        shortage: Callable[[], str | None] | None = None,
    ) -> "Database":
        """Open a driver; nothing is sent before the first transaction."""
        driver = GraphDatabase.driver(
            uri,
            auth=(user, password) if user else None,
            max_connection_pool_size=settings.pool_size,
            connection_acquisition_timeout=settings.retry_seconds,
            connection_timeout=5.0,
            keep_alive=True,
            # Own retries below: one place, with a bound.
            max_transaction_retry_time=0.0,
            notifications_min_severity=NotificationMinimumSeverity.OFF,
            user_agent="kinfold",
        )
        return cls(
            driver,
            name=settings.neo4j_database,
            retry_seconds=settings.retry_seconds,
            revive=revive,
            shortage=shortage,
            routed=uri.startswith("neo4j"),
        )

    def bookmarks(self) -> frozenset[str]:
        """Return what stands for all that was written or read through this object so far; see `reading_after`."""
        return frozenset(self._bookmarks.get_bookmarks())

    def close(self) -> None:
        """Close every connection."""
        self._threads.shutdown()
        self._driver.close()

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ready(self, timeout: float = 3.0) -> None:
        """Ask the database for a sign of life.

        Raises
        ------
        Unavailable
            When it gives none.
        """
        self._retried(
            lambda session, _: self._in_transaction(session, lambda tx: tx.run("database.ping")),
            access=READ_ACCESS,
            retry_seconds=timeout,
        )

    def read(self, work: Callable[[Transaction], Result], *, retry_seconds: float | None = None) -> Result:
        """Run work that only reads, in one transaction; ``retry_seconds`` stands for this database's own.

        Raises
        ------
        Unavailable
            When the database cannot be reached within that time.
        """
        return self._retried(
            lambda session, _: self._in_transaction(session, work),
            access=READ_ACCESS,
            retry_seconds=retry_seconds,
        )

    def write(
        self,
        work: Callable[[Transaction], Result],
        *,
        committed: Callable[[Transaction, Result], bool] | Doubt,
        in_line: bool = True,
    ) -> Result:
        """Run work in one committed transaction, again when it fails for a passing reason.

        Parameters
        ----------
        work
            What to do; it may run several times and must leave nothing behind outside the transaction.
        committed
            How a commit is recognised whose answer was lost, where nobody knows whether it was done. `RECEIPT` suits
            every work; `REPEATABLE` is work that may be done twice. Where the graph shows it anyway, a function
            returns whether the attempt that returned this result is in the graph, and not another attempt or another
            server's. It is asked until the doubt is settled: a commit can become visible seconds after its connection
            broke. As long as it is under way, another attempt must collide with it, by a lock or a constraint.
        in_line
            Whether it stands in line with other writers when it collided with them too often. A change of the schema
            cannot: the line is data, and the two do not go into one transaction.

        Raises
        ------
        Unavailable
            When the database cannot be reached, or the work did not get through, within ``retry_seconds``.
        """
        writing = _Writing(self, work, committed, in_line=in_line)
        result = self._retried(writing.attempt, access=WRITE_ACCESS, in_doubt=lambda: bool(writing.doubtful))
        if writing.receipt is not None:
            self._settled.append(writing.receipt)
        return result

    def rehearse(self, work: Callable[[Transaction], Result]) -> Result:
        """Run work in a transaction that is rolled back, again when it fails for a passing reason."""

        def attempt(session: Session, collided: bool) -> Result:
            with self._begun(session) as tx:
                if collided:
                    tx.run("database.stand_in_line")
                result = work(tx)
                tx.rollback()
                return result

        return self._retried(attempt, access=WRITE_ACCESS)

    def _in_transaction(self, session: Session, work: Callable[[Transaction], Result]) -> Result:
        with self._begun(session) as tx:
            result = work(tx)
            tx.commit()
            return result

    @contextmanager
    def _begun(self, session: Session) -> Iterator[Transaction]:
        # BEGIN goes with the first statement instead of costing a round trip: what the driver does in execute_query,
        # for which it has no public switch.
        with session._pipelined_begin:
            bolt = session.begin_transaction()
        tx = Transaction(bolt, self._statements, self._threads)
        try:
            # What was not committed is rolled back by the session when it is closed, and not by leaving `bolt`: when a
            # statement fails, the driver gives the connection back to its pool at once, and a transaction that is left
            # looks at it once more, in the middle of what another thread does with it by then.
            yield tx
        except BaseException:
            # The connection is one: what runs on it beside us ends before the rollback is sent.
            with suppress(Exception):
                tx.wait()
            raise

    def _session(self, access: str, patience: float | None = None) -> Session:
        return self._driver.session(
            database=self._name,
            default_access_mode=access,
            bookmark_manager=self._bookmarks,
            # Writers meet the leader, which has everything.
            bookmarks=Bookmarks.from_raw_values(_after.get()) if access == READ_ACCESS else None,
            # Zero is refused: a try that nobody has time for still gets a connection that is free.
            connection_acquisition_timeout=max(self._retry_seconds if patience is None else patience, 0.01),
        )

    def _leave_receipt(self, tx: Transaction, receipt: str, attempt: int) -> bool:
        """Leave a receipt in a transaction; return whether an earlier attempt has done so and was committed.

        One that is still under way is waited for: it holds the lock of the receipt's constraint.
        """
        now = datetime.now(UTC)
        settled: list[str] = []
        # Taken off even if this transaction fails: what is left then goes with the old ones.
        with suppress(IndexError):
            while len(settled) < SETTLED_AT_ONCE:
                settled.append(self._settled.popleft())
        [row] = tx.run(
            "database.receipt",
            id=receipt,
            attempt=attempt,
            at=now,
            settled=settled,
            before=now - timedelta(days=RECEIPT_DAYS),
        )
        return bool(row["attempt"] != attempt)

    def _retried(
        self,
        attempt: Callable[[Session, bool], Result],
        *,
        access: str,
        retry_seconds: float | None = None,
        in_doubt: Callable[[], bool] = lambda: False,
    ) -> Result:
        """Make attempts until one succeeds; each is told whether it collided so often that it must stand in line."""
        limit = self._retry_seconds if retry_seconds is None else retry_seconds
        deadline = time.monotonic() + limit
        tries = collisions = races = 0
        while True:
            tries += 1
            try:
                with (
                    tracing.span("transaction", {"db.system.name": "neo4j", "access": access, "tries": tries}),
                    self._session(access, deadline - time.monotonic()) as session,
                ):
                    return attempt(session, collisions >= PATIENCE)
            except (TryAgain, Neo4jError, DriverError, OSError) as raised:
                error = _cause(raised)
                if getattr(error, "code", None) == _INVALID_BOOKMARK and _after.get():
                    raise BadBookmark("this is no bookmark of this database") from error
                races += _is_race(error)
                if _is_outage(error) and (words := self._shortage()):
                    if self._reviver is not None:
                        self._reviver.start()
                    raise Unavailable(
                        f"{words} Nothing that was answered is lost; sending this again is safe."
                    ) from error
                # In doubt the race may be with an earlier attempt, whose commit is about to become visible.
                if not _passing(error) or (races > MAX_RACES and not in_doubt()):
                    raise
                if self._reviver is not None and not isinstance(error, Neo4jError | TryAgain):
                    self._reviver.start()
                # Full jitter: writers that collided must not collide again in step.
                pause = random.uniform(0, min(1.0, 0.005 * 2 ** min(tries, 8)))  # noqa: S311
                # Also after the first try, which may have been a long one: the next would be as long.
                if time.monotonic() + pause >= deadline:
                    raise Unavailable(
                        f"The database did not take the transaction within {limit:g} s "
                        f"({_name(error)}). Nothing that was answered is lost; sending this again is safe."
                    ) from error
                collisions += isinstance(error, Neo4jError | TryAgain)
                notify(self.retried, _name(error))
                log.debug("trying again after %s", _name(error))
                time.sleep(pause)


class _Writing(Generic[Result]):
    """One write with all its attempts, and what is not known about them."""

    def __init__(
        self,
        database: Database,
        work: Callable[[Transaction], Result],
        committed: Callable[[Transaction, Result], bool] | Doubt,
        *,
        in_line: bool,
    ) -> None:
        self._database = database
        self._work = work
        self._in_line = in_line
        self._committed = None if isinstance(committed, Doubt) else committed
        self.receipt = str(uuid4()) if committed is RECEIPT else None
        self.doubtful: list[Result] = []
        """The result of the last attempt that tried to commit; none before the first."""
        self._attempts = 0
        self._refused = False

    def attempt(self, session: Session, collided: bool) -> Result:
        """Make an attempt, unless an earlier one turns out to be committed."""
        self._attempts += 1
        if self.doubtful and self._committed and self._database._in_transaction(session, self._is_committed):
            return self.doubtful[0]
        with self._database._begun(session) as tx:
            if collided and self._in_line:
                tx.run("database.stand_in_line")
            if self.receipt is not None and self._database._leave_receipt(tx, self.receipt, self._attempts):
                return self.doubtful[0]
            result = self._done(tx)
            # Once more: the work may have waited for a lock of the earlier attempt, which was committed meanwhile.
            # If it was not, it never will be: under the same locks there is room for one of them.
            if self._is_committed(tx):
                return self.doubtful[0]
            before, self.doubtful = self.doubtful, [result]
            try:
                tx.commit()
            except Neo4jError as error:
                if tx.refused:
                    self.doubtful = before
                if tx.refused or _passing(error) or not isinstance(error, DatabaseError):
                    raise
                # The server failed while it committed: it may have been done all the same.
                raise TryAgain from error
            return result

    def _is_committed(self, tx: Transaction) -> bool:
        return bool(self.doubtful and self._committed and self._committed(tx, self.doubtful[0]))

    def _done(self, tx: Transaction) -> Result:
        try:
            result = self._work(tx)
            if self.doubtful:
                tx.settle()  # what is refused now may be refused because it is done already
            else:
                tx.wait()
        except Exception as error:
            if self._committed is None or not self.doubtful or _passing(_cause(error)):
                raise
            # It may be refused because it is done already, and become visible as such only now.
            if self._refused:
                raise Unavailable(
                    "The connection to the database broke while it committed, and whether it did is not known. "
                    "Sending this again is safe."
                ) from error
            self._refused = True
            raise TryAgain from error
        return result


class _Reviver:
    """Brings the server back beside those who wait for it: one call at a time, and nobody waits for it to end.

    A start takes longer than a caller may have; whoever's time is over is told to come again, and the start goes on.
    """

    def __init__(self, revive: Callable[[], object]) -> None:
        self._revive = revive
        self._under_way = threading.Lock()

    def start(self) -> None:
        """Begin to bring the server back, unless that is under way."""
        if self._under_way.acquire(blocking=False):
            # A daemon: the process may end meanwhile, and the server's supervisor sees that nobody uses it.
            threading.Thread(target=self._work, name="kinfold-revive", daemon=True).start()

    def _work(self) -> None:
        try:
            self._revive()
        except Exception as error:
            log.warning("the database could not be brought back: %s", error)
        finally:
            self._under_way.release()


def _cause(error: Exception) -> Exception:
    # Leaving a transaction whose statement failed, the driver may raise that its result failed, from the reason.
    while isinstance(error, ResultFailedError) and isinstance(
        reason := error.__cause__ or error.__context__, Exception
    ):
        error = reason
    return error


def _is_race(error: Exception) -> bool:
    return isinstance(error, Neo4jError) and error.code in _RACES


def _is_outage(error: Exception) -> bool:
    """Return whether a server that does not run, or whose disk is full, may have answered so."""
    return isinstance(error, DatabaseError) or not isinstance(error, Neo4jError | TryAgain)


def _passing(error: Exception) -> bool:
    if isinstance(error, TryAgain):
        return True
    if isinstance(error, AuthError):
        return False
    if isinstance(error, Neo4jError):
        return error.is_retryable() or error.code in _PASSING or _is_race(error)
    # With an outage of routing callers queue for the one connection that asks for the way: that passes with it.
    return isinstance(error, ServiceUnavailable | SessionExpired | ConnectionAcquisitionTimeoutError | OSError) or (
        isinstance(error, DriverError) and error.is_retryable()
    )


def _name(error: BaseException) -> str:
    if isinstance(error, TryAgain) and error.__cause__ is not None:
        return _name(error.__cause__)
    return getattr(error, "code", None) or type(error).__name__
