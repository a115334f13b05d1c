"""How long every list takes that the page shows, on a graph of 100,000 contacts.

Run with ``python -m bench.lists [--contacts 100000] [--home DIR]``. ``kinfold load`` makes the graph: customers with a
name, five keys and properties, one of them with a history of 100,000 activities, and beside them a simulated world with
its shared devices, which is then analysed. The calls go one after the other over HTTP to a ``kinfold serve`` of its
own, all lists by turns, so that what else the machine does meets them alike; ``GET /health``, which asks nothing of the
database, goes with them as a yardstick of the machine. The target is 300 ms at the 95th percentile of each.

Which lists there are says the OpenAPI document: one without a line here ends the benchmark. ``--home`` keeps the graph
in a folder and uses one that is there.
"""

import argparse
import csv
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from bench.chaos import KINFOLD, Served
from bench.harness import OUT, timed, where
from graph.embedded import stop
from graph.settings import Settings

TARGET_MS = 300.0
FIRST = "Chloé Ana Bo Cy David Eva Farid Gül Hana Ines Jan Kim Lea Mia Nora Omar Pia Quang Rosa Sven Tariq Uma".split()
LAST = "Durand Martin Silva Novak Haas Okafor Tanaka Lopez Weber Rossi Khan Jensen Costa Moreau Schmidt Ali".split()
COUNTRIES = "FR DE PT ES IT NL BE PL SE FI".split()
EVENTS = ("page_view", "search", "add_to_cart", "purchase", "newsletter_opened")
BUSY = "busy@example.com"
LISTED, ENROLLED, JUDGED, BLOCKED = 400, 400, 100, 300

LISTS: dict[str, tuple[str, ...]] = {
    "/v1/contacts": (
        "limit=50", "limit=50&sort=created", "limit=50&sort=keys", "limit=50&sort=unions", "limit=50&sort=-last_seen",
        "limit=50&sort=-created", "limit=50&sort=-keys", "limit=50&kind=anonymous", "limit=50&kind=known&sort=keys",
        "limit=50&has=subscription", "limit=50&has=tracker_id&sort=created", "limit=50&segment=french",
        "limit=50&segment=french&sort=keys", "limit=50&segment=listed", "limit=50&segment=buyers",
        "limit=50&q=chlo", "limit=50&q=dur chl", "limit=50&q=k00099&sort=keys", "limit=50&q=a",
        "limit=50&q=example.com",
        "limit=50&q=chlo&kind=known&has=email&segment=french", "limit=50&q=nobody-is-called-so",
        "email={busy}", "limit=1000",
    ),
    "/v1/search": ("q=k000500", "q={busy}", "q=nothing-begins-so"),
    "/v1/overview": ("",),
    "/v1/contacts/{id}/activity": (
        "limit=50", "limit=50&event=purchase", "limit=50&tracker_id=busy-0", "limit=50&from=2026-03-01T00:00:00Z",
        "limit=50&to=2026-02-01T00:00:00Z", "limit=50&event=search&from=2026-02-01T00:00:00Z&to=2026-03-01T00:00:00Z",
    ),
    "/v1/contacts/{id}/activity/days": ("", "event=purchase", "tracker_id=busy-0"),
    "/v1/contacts/{id}/history": ("limit=25",),
    "/v1/contacts/{id}/graph": ("limit=10",),
    "/v1/contacts/{id}/propositions": ("limit=50",),
    "/v1/contacts/{id}": ("",),
    "/v1/graph": ("tracker_id={device}", "subscription={push}"),
    "/v1/merges": ("limit=25", "limit=25&tracker_id={device}"),
    "/v1/splits": ("limit=50", "contact={busy_id}"),
    "/v1/suggestions": ("limit=25", "contact={busy_id}"),
    "/v1/judgements": ("limit=50", "contact={busy_id}"),
    "/v1/anomalies": (
        "limit=25&state=open", "limit=25&state=acted", "limit=25&state=dismissed", "limit=25&kind=many_emails",
    ),
    "/v1/anomalies/{finding}": ("",),
    "/v1/anomalies/{finding}/graph": ("",),
    "/v1/clusters": ("limit=25",),
    "/v1/clusters/{cluster}": ("",),
    "/v1/clusters/{cluster}/graph": ("",),
    "/v1/segments": ("limit=50",),
    "/v1/segments/{name}/members": ("limit=50", "limit=1000"),
    "/v1/workflows": ("limit=50",),
    "/v1/workflows/{name}/contacts": ("limit=50",),
    "/v1/environments": ("limit=50",),
    "/v1/namespaces": ("",),
    "/v1/blocked": ("limit=50", "limit=1000"),
    "/v1/suppressed": ("limit=50",),
    "/v1/webhooks": ("limit=50",),
    "/v1/access-keys": ("limit=50",),
    "/v1/audit": ("limit=50", "limit=50&what=read", "limit=50&contact={busy_id}", "limit=50&by=local"),
    "/v1/changes": ("limit=50",),
}  # fmt: skip
PLACES = {
    "/v1/contacts/{id}": "busy_id",
    "/v1/segments/{name}": "segment",
    "/v1/workflows/{name}": "workflow",
}
"""What stands for the parameter of a path where its name does not say it."""
ELSEWHERE = {
    # Tested with a catalogue of its own by bench.propositions; here there is none.
    "/v1/environments/",
    # Needs a webhook whose receiver is away.
    "/v1/webhooks/",
}


def customers(path: Path, rows: int) -> None:
    """Write customers as another system exports them."""
    dice = random.Random(20)
    with path.open("w", newline="", encoding="utf-8") as text:
        writer = csv.writer(text)
        writer.writerow(
            ["user_id", "email", "tracker_id", "subscription", "properties._name", "properties._surname",
             "properties.country", "properties.plan", "created_at"]
        )  # fmt: skip
        for number in range(rows):
            first, last = dice.choice(FIRST), dice.choice(LAST)
            created = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=dice.randrange(1_000_000))
            writer.writerow(
                [f"k{number:06}", f"{first}.{last}.{number}@example.com", f"cookie-{number}",
                 f"https://push.example.com/send/{number:06x}" if number % 3 else "", first, last,
                 dice.choice(COUNTRIES), dice.choice(("free", "gold")), created.isoformat()]
            )  # fmt: skip


def history(path: Path, activities: int) -> None:
    """Write the log of one person who does a lot, on four devices."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with path.open("w", encoding="utf-8") as text:
        for number in range(activities):
            at = start + timedelta(days=300) * (number / activities)
            event = {
                "email": BUSY,
                "tracker_id": f"busy-{number % 4}",
                "event": EVENTS[number * 7 % len(EVENTS)],
                "event_properties": {"amount": number % 100},
                "occurred_at": at.isoformat(),
                "message_id": f"busy-{number}",
            }
            text.write(json.dumps(event) + "\n")


def run(environment: dict[str, str], *arguments: str, into: Path | None = None) -> None:
    """Run the command as a user does; its answers go into a file, or nowhere."""
    with ExitStack() as stack:
        out: Any = stack.enter_context(into.open("wb")) if into else subprocess.DEVNULL
        done = subprocess.run([*KINFOLD, *arguments], env={**os.environ, **environment}, stdout=out, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"kinfold {arguments[0]} ended with {done.returncode}")


def fill(environment: dict[str, str], folder: Path, contacts: int, activities: int, people: int) -> None:
    """Load what the lists are to be read from."""
    customers(folder / "customers.csv", contacts)
    history(folder / "busy.ndjson", activities)
    run(environment, "simulate", "--people", str(people), "--seed", "20", into=folder / "world.ndjson")
    run(environment, "load", str(folder / "customers.csv"))
    for log in ("world.ndjson", "busy.ndjson"):
        run(environment, "load", "--history", str(folder / log))


def settle(client: httpx.Client) -> None:
    """Define and fill what people edit by hand, and analyse."""

    def send(method: str, path: str, body: Any = None) -> Any:
        response = client.request(method, path, json=body, timeout=1_800)
        response.raise_for_status()
        return response.json() if response.content else None

    send("PUT", "/v1/segments/french", {"kind": "dynamic", "where": {"property": "country", "is": "FR"}})
    send("PUT", "/v1/segments/listed", {"kind": "static"})
    where = {"event": "purchase", "at_least": 2, "within": "P1000D"}
    send("PUT", "/v1/segments/buyers", {"kind": "dynamic_plus", "where": where})
    send("PUT", "/v1/workflows/welcome")
    ids = [one["id"] for one in send("GET", "/v1/contacts?limit=1000&kind=known")["items"]]
    for one in ids[:LISTED]:
        send("PUT", f"/v1/segments/listed/members/{one}")
    for one in ids[:ENROLLED]:
        send("PUT", f"/v1/workflows/welcome/contacts/{one}", {"status": "active"})
    for number in range(JUDGED):
        pair = [ids[number], ids[-number - 1]]
        send("POST", "/v1/judgements", {"verdict": "apart", "contacts": pair, "why": "two persons"})
    for number in range(BLOCKED):
        send("PUT", f"/v1/blocked/value/bogus-{number}")
    send("POST", "/v1/analyses", {})


def found(client: httpx.Client) -> dict[str, str]:
    """Find the names that paths and queries speak of."""

    def items(path: str) -> list[dict[str, Any]]:
        response = client.get(path)
        response.raise_for_status()
        listed: list[dict[str, Any]] = response.json()["items"]
        return listed

    findings = items("/v1/anomalies?limit=1000")
    shared = next((one for one in findings if one["subject"]["type"] == "subscription"), None)
    device = next(one for one in findings if one["subject"]["type"] == "tracker")
    return {
        "busy": BUSY,
        "busy_id": items(f"/v1/contacts?email={BUSY}")[0]["id"],
        "segment": "french",
        "workflow": "welcome",
        "finding": device["id"],
        "device": device["subject"]["value"],
        "push": shared["subject"]["value"] if shared else "none",
        "cluster": items("/v1/clusters")[0]["id"],
    }


def calls(client: httpx.Client, names: dict[str, str]) -> Iterator[str]:
    """List the calls to make; every list of the OpenAPI document is among them."""
    document = client.get("/openapi.json").json()
    lists = {path for path, methods in document["paths"].items() if "get" in methods and _is_list(document, methods)}
    known = {path.replace("{finding}", "{id}").replace("{cluster}", "{id}") for path in LISTS}
    left = [path for path in sorted(lists - known) if not any(path.startswith(one) for one in ELSEWHERE)]
    if left:
        raise SystemExit(f"lists that nothing measures: {', '.join(left)}")
    for path, queries in LISTS.items():
        for query in queries:
            place = next((name for start, name in PLACES.items() if path.startswith(start)), None)
            values = {**names, **({"id": names[place], "name": names[place]} if place else {})}
            yield (path + (f"?{query}" if query else "")).format(**values)


def _is_list(document: dict[str, Any], methods: dict[str, Any]) -> bool:
    schema = methods["get"]["responses"]["200"].get("content", {}).get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    return "items" in document["components"]["schemas"].get(name, {}).get("properties", {})


def measure(client: httpx.Client, paths: list[str], rounds: int, warm: int) -> dict[str, list[float]]:
    """Make every call so many times, by turns; return milliseconds."""
    samples: dict[str, list[float]] = {path: [] for path in ("/health", *paths)}
    for turn in range(-warm, rounds):
        for path, taken in samples.items():
            response, seconds = timed(lambda path=path: client.get(path))
            if response.status_code != 200:
                raise SystemExit(f"GET {path}: {response.status_code} {response.text[:300]}")
            if turn >= 0:
                taken.append(seconds * 1000)
    return samples


def percentile(samples: list[float]) -> float:
    return statistics.quantiles(samples, n=20, method="inclusive")[18]


@contextmanager
def at_home(kept: Path | None) -> Iterator[Path]:
    """Give a folder for the database: one that is kept, or one that goes with it."""
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="kinfold-bench-") as folder:
        home = Path(folder)
        try:
            yield home
        finally:
            stop(Settings(neo4j_uri=None).model_copy(update={"home": home / "home"}))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.lists", description=__doc__.splitlines()[0])
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--activities", type=int, default=100_000, help="of one contact")
    parser.add_argument("--people", type=int, default=1_500, help="of the simulated world beside them")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--home", type=Path, help="keep the graph here, and use the one that is there")
    parser.add_argument("--only", default="", help="only calls with this in their address")
    arguments = parser.parse_args()
    began = where()
    with at_home(arguments.home) as folder, ExitStack() as stack:
        environment = {"KINFOLD_HOME": str(folder / "home")}
        filled = folder / "filled"
        if not filled.exists():
            _, seconds = timed(
                lambda: fill(environment, folder, arguments.contacts, arguments.activities, arguments.people)
            )
            print(f"loaded in {seconds:,.0f} s", file=sys.stderr)
        server = Served(environment, folder / "server.log")
        stack.callback(server.end)
        client = stack.enter_context(httpx.Client(base_url=server.url, timeout=120))
        if not filled.exists():
            _, seconds = timed(lambda: settle(client))
            print(f"settled in {seconds:,.0f} s", file=sys.stderr)
            filled.touch()
        figures = client.get("/v1/overview").json()
        wanted = [path for path in calls(client, found(client)) if arguments.only in path]
        samples = measure(client, wanted, arguments.rounds, warm=3)
    show(samples, figures["contacts"]["total"], began, arguments.only)


def show(samples: dict[str, list[float]], contacts: int, began: dict[str, Any], only: str) -> None:
    table = Table(
        title=f"{contacts:,} contacts; milliseconds over HTTP; at most {TARGET_MS:.0f} at the 95th percentile"
    )
    for heading in ("call", "median", "p95", "most", ""):
        table.add_column(heading, justify="left" if heading in ("call", "") else "right", overflow="fold")
    rows = []
    for path, taken in samples.items():
        p95 = percentile(taken)
        rows.append({"call": path, "median": statistics.median(taken), "p95": p95, "most": max(taken)})
        told = "" if path == "/health" else "reached" if p95 <= TARGET_MS else "missed"
        table.add_row(path, *(f"{rows[-1][name]:,.1f}" for name in ("median", "p95", "most")), told)
    Console(width=130).print(table)
    if only:
        return
    OUT.mkdir(parents=True, exist_ok=True)
    document = {"benchmark": "lists", **began, "contacts": contacts, "target_ms": TARGET_MS, "calls": rows}
    (OUT / "lists.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
