"""Segment's and RudderStack's SDKs as their registries give them: only the host is ours."""

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from rudderstack.analytics.client import Client as RudderClient
from segment.analytics.client import Client as SegmentClient

from api.segment_spec.messages import KINDS
from graph.settings import Settings
from tests.sdk.browser_shop import BUNDLES
from tests.sdk.conftest import WRITE_KEY, Door

HERE = Path(__file__).parent
NODE, JAVA, RUST = HERE / "node", HERE / "java", HERE / "rust"
TWO_PEOPLE: list[tuple[str, dict[str, Any]]] = [
    ("identify", {"anonymousId": "browser-1", "userId": "42", "traits": {"email": "ana@example.com", "plan": "pro"}}),
    ("track", {"anonymousId": "browser-1", "userId": "42", "event": "Ana Bought"}),
    ("identify", {"anonymousId": "browser-1", "userId": "43", "traits": {"email": "bob@example.com"}}),
    ("track", {"anonymousId": "browser-1", "userId": "43", "event": "Bob Bought"}),
    # A reset is a new anonymousId: a server's SDK remembers nobody.
    ("track", {"anonymousId": "browser-2", "event": "Somebody Looked"}),
]
"""A second person logs in on the first one's browser; then the browser forgets both."""
STORY = ["page", "identify", "Order Completed", "screen", "group", "alias"]

Send = Callable[..., list[Any]]
Calls = Sequence[tuple[str, dict[str, Any]]]
Found = Callable[..., dict[str, Any]]


def _tell(client: Any) -> None:
    client.page(anonymous_id="browser-1", name="Home", properties={"url": "https://shop.example/"})
    client.identify(anonymous_id="browser-1", user_id="42", traits={"email": "ana@example.com", "plan": "pro"})
    client.track(
        user_id="42",
        event="Order Completed",
        properties={"revenue": 39.9, "products": [{"sku": "a"}, {"sku": "b"}]},
    )
    client.screen(anonymous_id="phone-1", name="Basket", context={"device": {"token": "push-1"}})
    client.group(user_id="42", group_id="acme", traits={"employees": 7})
    client.alias(previous_id="phone-1", user_id="42")
    client.flush()
    client.join()


def _tell_calls(client: Any, calls: Calls) -> None:
    for call, message in calls:
        getattr(client, call)(**{re.sub("([A-Z])", r"_\1", name).lower(): value for name, value in message.items()})
    client.flush()
    client.join()


def segment_python(host: str, key: str, calls: Calls = ()) -> list[Any]:
    errors: list[Any] = []
    client = SegmentClient(key, host=host, gzip=True, on_error=lambda error, _: errors.append(error))
    _tell_calls(client, calls) if calls else _tell(client)
    return errors


def rudderstack_python(host: str, key: str, calls: Calls = ()) -> list[Any]:
    errors: list[Any] = []
    client = RudderClient(key, host=host, on_error=lambda error, _: errors.append(error))
    _tell_calls(client, calls) if calls else _tell(client)
    return errors


def installed_node() -> str:
    """Node, with the SDK installed from its registry by the lock."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        if os.environ.get("CI"):
            pytest.fail("CI runs these with Node: .ci/run installs it")
        pytest.skip("Node is not installed")
    done = NODE / "node_modules" / ".package-lock.json"
    if not done.exists() or done.stat().st_mtime < (NODE / "package-lock.json").stat().st_mtime:
        subprocess.run([npm, "ci", "--ignore-scripts"], cwd=NODE, check=True, capture_output=True, timeout=300)
    return node


def segment_node(host: str, key: str, calls: Calls = ()) -> list[Any]:
    return _errors_of([installed_node(), "send.mjs", host, key, json.dumps(calls) if calls else ""], NODE)


def rudderstack_node(host: str, key: str, calls: Calls = ()) -> list[Any]:
    return _errors_of([installed_node(), "send_rudderstack.mjs", host, key, json.dumps(calls) if calls else ""], NODE)


def segment_java(host: str, key: str, calls: Calls = ()) -> list[Any]:
    return _java("Segment", host, key, calls)


def rudderstack_java(host: str, key: str, calls: Calls = ()) -> list[Any]:
    return _java("RudderStack", host, key, calls)


def _java(program: str, host: str, key: str, calls: Calls) -> list[Any]:
    said = [json.dumps(calls)] if calls else []
    java, classes = installed_java(), compiled_java()
    path = os.pathsep.join((f"{JAVA}/lib/*", str(classes)))
    # To compile well what runs a few times costs more than it saves.
    brief = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
    return _errors_of([java, *brief, "-cp", path, program, host, key, *said], JAVA)


def segment_rust(host: str, key: str, calls: Calls = ()) -> list[Any]:
    return _errors_of([built_rust(), "segment", host, key, json.dumps(calls) if calls else ""], RUST)


def rudderstack_rust(host: str, key: str, calls: Calls = ()) -> list[Any]:
    return _errors_of([built_rust(), "rudderstack", host, key, json.dumps(calls) if calls else ""], RUST)


def installed_java() -> str:
    """Java, with both SDKs from their registry."""
    java, maven = shutil.which("java"), shutil.which("mvn")
    if java is None or (maven is None and not (JAVA / "lib").exists()):
        pytest.skip("Java or Maven is not installed")
    if not (JAVA / "lib").exists():
        assert maven is not None
        copy = [maven, "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"]
        subprocess.run(copy, cwd=JAVA, check=True, capture_output=True, timeout=300)
    return java


def compiled_java() -> Path:
    """The programs' classes, compiled anew only when a program has changed."""
    classes = JAVA / "lib" / "classes"
    sources = sorted(JAVA.glob("*.java"))
    made = [classes / f"{source.stem}.class" for source in sources]
    if any(not one.exists() or one.stat().st_mtime < of.stat().st_mtime for one, of in zip(made, sources, strict=True)):
        path = os.pathsep.join(map(str, (JAVA / "lib").glob("*.jar")))
        command = [installed_java(), "-m", "jdk.compiler/com.sun.tools.javac.Main", "-nowarn", "-cp", path]
        subprocess.run([*command, "-d", classes, *sources], check=True, capture_output=True, timeout=300)
    return classes


def built_rust() -> str:
    """A program with both crates from their registry."""
    cargo = shutil.which("cargo")
    if cargo is None:
        pytest.skip("Rust is not installed")
    # Crates do not change: those built for another checkout are as good.
    target = RUST / "target" if (RUST / "target").exists() else Settings().cache / "sdks" / "rust"
    if not os.environ.get("CI") and not target.exists():
        pytest.skip("the crates take minutes to build: CI does, or cargo build in tests/sdk/rust")
    command = [cargo, "build", "--quiet", "--target-dir", str(target)]
    subprocess.run(command, cwd=RUST, check=True, capture_output=True, timeout=1_200)
    return str(target / "debug" / "kinfold-sdk-test")


def _errors_of(command: list[str], folder: Path) -> list[Any]:
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr
    return [line for line in done.stderr.splitlines() if line.startswith("error")]


EVERY = [
    segment_python,
    rudderstack_python,
    segment_node,
    rudderstack_node,
    segment_java,
    rudderstack_java,
    segment_rust,
    rudderstack_rust,
]
SDKS = pytest.mark.parametrize("send", EVERY)
CRATES = [segment_rust, rudderstack_rust]
REPEATING = pytest.mark.parametrize("send", [send for send in EVERY if send not in CRATES])
"""Those that give their messages an id and send again what was not taken; the Rust crates give none."""
WAITING = pytest.mark.parametrize("send", [send for send in EVERY if send is not segment_rust])
"""Those that send again what was refused for now."""
IN_ORDER = pytest.mark.parametrize("send", [send for send in EVERY if send is not rudderstack_node])
"""RudderStack's Node SDK sends its first message at once and the others beside it."""
PATHS = {"segment_java": {"/v1/import/"}, "rudderstack_rust": {f"/v1/{kind}" for kind in KINDS}}
"""Where an SDK sends to, unless it is /v1/batch."""


def check_who_is_who(found: Found) -> dict[str, Any]:
    ana = found(user_id="42")
    assert (ana["kind"], ana["email"]) == ("known", "ana@example.com")
    assert ana["properties"] == {"plan": "pro", "groupId": "acme"}
    assert sorted(ana["trackers"]) == ["browser-1", "phone-1"]
    assert [item["id"] for item in ana["subscriptions"]] == ["push-1"]
    return ana


def check_the_story(found: Found, *, named: bool = True) -> None:
    told = check_who_is_who(found)["activity"]
    # Delivered once each. An SDK may send two batches side by side; within one the order is kept.
    assert sorted(item["event"] for item in told) == sorted(STORY)
    assert len({item["message_id"] for item in told}) == len(STORY)
    order = next(item for item in told if item["event"] == "Order Completed")
    assert order["event_properties"]["revenue"] == 39.9
    assert order["event_properties"]["products.1.sku"] == "b"
    if named:
        library = str(order["event_properties"]["context.library.name"]).lower()
        assert "analytics" in library or "rudderstack" in library
    group = next(item for item in told if item["event"] == "group")
    assert group["event_properties"]["traits.employees"] == 7
    assert WRITE_KEY not in json.dumps(told)


@SDKS
def test_an_sdk_that_is_pointed_at_kinfold_just_works(send: Send, door: Door, found: Found) -> None:
    assert send(door.url, WRITE_KEY) == []
    assert set(door.statuses()) == {"200"}
    assert {request["path"] for request in door.seen} == PATHS.get(send.__name__, {"/v1/batch"})
    headers = [{name.lower(): value for name, value in request["headers"].items()} for request in door.seen]
    if send is segment_java:  # its key stands in the body
        assert all(json.loads(request["body"])["writeKey"] == WRITE_KEY for request in door.seen)
    else:
        assert all(one["authorization"].startswith("Basic ") for one in headers)
    check_the_story(found, named=send is not segment_rust)


@IN_ORDER
def test_events_come_in_the_order_in_which_they_were_told(send: Send, origin: str, found: Found) -> None:
    assert send(origin, WRITE_KEY) == []
    # Told within a millisecond, which is how fine their clocks are: only the arrival says what came first.
    told = sorted(found(user_id="42")["activity"], key=lambda item: item["received_at"])
    assert [item["event"] for item in told] == STORY


@SDKS
def test_who_is_who_after_a_second_person_logged_in_and_the_browser_forgot_both(
    send: Send, origin: str, found: Found
) -> None:
    # One request after the other where the SDK does not keep the order.
    for calls in [[call] for call in TWO_PEOPLE] if send is rudderstack_node else [TWO_PEOPLE]:
        assert send(origin, WRITE_KEY, calls) == []
    ana, bob, somebody = found(user_id="42"), found(user_id="43"), found(tracker_id="browser-2")
    assert len({ana["id"], bob["id"], somebody["id"]}) == 3
    assert (ana["emails"], ana["properties"], ana["trackers"]) == (["ana@example.com"], {"plan": "pro"}, ["browser-1"])
    assert (bob["emails"], bob["properties"]) == (["bob@example.com"], {})
    assert somebody["kind"] == "anonymous"
    told = [{item["event"] for item in one["activity"]} for one in (ana, bob, somebody)]
    assert told == [{"identify", "Ana Bought"}, {"identify", "Bob Bought"}, {"Somebody Looked"}]


@WAITING
def test_an_sdk_that_meets_a_503_first_delivers_once(send: Send, door: Door, found: Found) -> None:
    # Segment's way to wait in Java doubles from fifteen seconds.
    door.plan = ["503"] * (1 if send in (segment_java, rudderstack_java) else 2)
    met = list(door.plan)
    assert send(door.url, WRITE_KEY) == []
    assert door.statuses()[: len(met)] == met
    check_the_story(found)


@WAITING
def test_an_sdk_that_is_told_to_wait_delivers_once(send: Send, door: Door, found: Found) -> None:
    door.plan = ["429"]
    assert send(door.url, WRITE_KEY) == []
    check_the_story(found)


@REPEATING
def test_a_batch_whose_answer_was_lost_is_sent_again_and_counts_once(send: Send, door: Door, found: Found) -> None:
    door.plan = ["lost"]
    assert send(door.url, WRITE_KEY) == []
    assert len(door.seen) > 1
    check_the_story(found)


@pytest.mark.parametrize(("send", "fate"), [(segment_rust, "503"), (segment_rust, "lost"), (rudderstack_rust, "lost")])
def test_who_is_who_is_right_when_a_program_sends_again_what_its_crate_says_was_not_taken(
    send: Send, fate: str, door: Door, found: Found
) -> None:
    door.plan = [fate]
    assert send(door.url, WRITE_KEY)
    assert send(door.url, WRITE_KEY) == []
    ana = check_who_is_who(found)
    assert {item["event"] for item in ana["activity"]} == set(STORY)
    # Without message ids what was taken, and is told again, is told twice.
    assert (len(ana["activity"]) > len(STORY)) == (fate == "lost")


@SDKS
def test_a_wrong_key_is_told_to_the_developer_and_not_repeated(send: Send, door: Door) -> None:
    errors = send(door.url, "wrong")
    assert errors
    if send is not rudderstack_rust:  # whose crate says no more than "Invalid request"
        assert all("401" in str(error) for error in errors)
    assert set(door.statuses()) == {"401"}
    if send not in (segment_rust, rudderstack_rust):
        batches = [_message_ids(request["body"]) for request in door.seen]
        assert len({tuple(batch) for batch in batches}) == len(batches)


def _message_ids(body: bytes) -> list[str]:
    if body.startswith(b"\x1f\x8b"):
        body = gzip.decompress(body)
    return [message["messageId"] for message in json.loads(body)["batch"]]


def _snippets(language: str) -> list[str]:
    text = Path("docs/segment.md").read_text()
    return [block.partition("```")[0] for block in text.split(f"```{language}\n")[1:]]


def _at(origin: str, code: str) -> str:
    assert "http://127.0.0.1:8000" in code
    assert "YOUR WRITE KEY" in code
    return code.replace("http://127.0.0.1:8000", origin).replace("YOUR WRITE KEY", WRITE_KEY)


@pytest.mark.parametrize("code", _snippets("python"), ids=["segment", "rudderstack"])
def test_the_python_snippets_of_the_docs_run(code: str, origin: str, found: Found) -> None:
    subprocess.run([sys.executable, "-c", _at(origin, code)], check=True, timeout=120)
    check_the_snippet(found)


def test_the_node_snippet_of_the_docs_runs(origin: str, found: Found) -> None:
    node = installed_node()
    [code] = _snippets("js")
    subprocess.run([node, "--input-type=module", "-e", _at(origin, code)], cwd=NODE, check=True, timeout=120)
    check_the_snippet(found)


def check_the_snippet(found: Found) -> None:
    ana = found(user_id="42")
    assert (ana["email"], ana["trackers"], ana["properties"]) == ("ana@example.com", ["browser-1"], {"plan": "pro"})
    assert {item["event"] for item in ana["activity"]} == {"identify", "Order Completed"}


def test_the_readme_names_the_sdks_that_are_tested_and_no_others() -> None:
    [paragraph] = [
        part for part in Path("README.md").read_text().split("\n\n") if part.startswith("Tested as their makers")
    ]
    project = tomllib.loads(Path("pyproject.toml").read_text())
    requirements = [one for extra in project["project"]["optional-dependencies"].values() for one in extra]
    python = {name for one in requirements for name in re.findall(r"^(?:rudder-sdk|segment-analytics)-python", one)}
    node = set(json.loads((NODE / "package.json").read_text())["dependencies"])
    java = set(re.findall(r"<dependency><groupId>([^<]+)", (JAVA / "pom.xml").read_text()))
    rust = set(tomllib.loads((RUST / "Cargo.toml").read_text())["dependencies"]) - {"serde_json", "tokio"}
    assert set(re.findall(r"`([^`]+)`", paragraph)) == python | node | java | rust
    assert len(python | java | rust) + len(node) - len(BUNDLES) == len(EVERY)


def test_the_python_sdks_bodies_come_as_gzip(door: Door, found: Found) -> None:
    for send in (segment_python, rudderstack_python):
        assert send(door.url, WRITE_KEY) == []
    assert {request["headers"]["Content-Encoding"] for request in door.seen} == {"gzip"}
    assert len(found(user_id="42")["activity"]) == 2 * len(STORY)
