"""Count what one call passes from the door to its commit.

``python -m checks.paths`` sends an event, a batch, a Segment message, a union by hand, its undo and a proposition
through the real application, on the database of NEO4J_URI. It fills it with made-up contacts: give it a scratch
database. A file is passed when a function of it is entered before the commit ends; ``--files`` names them.

A *stop* is a file that hands the event on, or a part that has one door: the decision table, the working set, keys with
their normal forms and namespaces, Segment's messages. Files that every room or every call uses (clock, json; access,
rates, metrics …) are no stops: they are counted beside.
"""

import argparse
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from fastapi.testclient import TestClient

ROOT = Path.cwd()
BESIDE = frozenset(
    [
        *(f"graph/{name}.py" for name in "model errors clock json paging tracing callbacks settings".split()),
        *(f"graph/store/{name}.py" for name in "audit bookmarks changes".split()),
        *(f"graph/{name}.py" for name in ("bookmarks", "feed/changes", "access/access_keys", "access_keys")),
        *(
            f"{folder}/{name}.py"
            for folder in ("api", "api/http")
            for name in (
                "access app bodies bookmarks connections cors headers http metrics problems query rates requests",
                "server_log sweeping tenants tracing",
            )
            for name in name.split()
        ),
    ]
)
"""The ground, and what wraps every call: these hand nothing on."""
PARTS = {
    "graph/identity/decision/": "decision/",
    "graph/decision/": "decision/",
    "graph/identity/working_set/": "working_set/",
    "graph/world/": "world/",
    "graph/identity/keys.py": "keys",
    "graph/identity/namespaces.py": "keys",
    "graph/identity/normal_forms.py": "keys",
    "graph/identity/aliases.py": "keys",
    "graph/blocking/": "blocking/",
    "api/segment_spec/": "segment_spec/",
}
"""Files that count as one stop, by how their path begins."""


@dataclass(frozen=True, slots=True)
class Passed:
    """The files that a call passed until its commit, in order; entries into the resolver, and decisions."""

    files: list[str]
    resolver_entered: int
    decided: int

    @property
    def way(self) -> list[str]:
        """The files without those that lie beside."""
        return [file for file in self.files if file not in BESIDE]

    @property
    def stops(self) -> list[str]:
        """What the way passes, with the files of a part as one."""
        parts = (next((part for start, part in PARTS.items() if file.startswith(start)), file) for file in self.way)
        return list(dict.fromkeys(parts))


class Recorder:
    """Collect the files whose functions are entered, and how often the resolver is, while it is switched on."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self.committed = 0
        self.resolver_entered = 0
        self.decided = 0
        self._on = False
        self._known: dict[CodeType, str | None] = {}

    def profile(self, frame: FrameType, event: str, _: Any) -> None:
        """Take note of one call, or of the end of a commit; what `sys.setprofile` wants."""
        if not self._on or event not in ("call", "return"):
            return
        code = frame.f_code
        if event == "return":
            if code.co_name == "write" and code.co_filename.endswith("database.py"):
                self.committed = len(self.files)
            return
        if code not in self._known:
            self._known[code] = _place(code)
        place = self._known[code]
        if place is None:
            return
        if place not in self.files:
            self.files.append(place)
        if place.endswith("resolver.py") and not _called_from_resolver(frame):
            self.resolver_entered += code.co_name not in _LOOKS
        self.decided += code.co_name == "decide" and "/decision/" in place

    def during(self, call: Callable[[], Any]) -> Any:
        """Run a call and record what it passes."""
        self.files, self.committed, self.resolver_entered, self.decided, self._on = [], 0, 0, 0, True
        try:
            return call()
        finally:
            self._on = False


_LOOKS = frozenset(["block_list", "every_keys", "<genexpr>", "<listcomp>", "<dictcomp>", "<lambda>"])
"""Looks at what the resolver holds, which lead nowhere."""


def _place(code: CodeType) -> str | None:
    path = Path(code.co_filename)
    if not path.is_relative_to(ROOT) or ".venv" in path.parts or code.co_name in ("<module>", "matches"):
        return None
    place = path.relative_to(ROOT).as_posix()
    return place if place.startswith(("graph/", "api/")) else None


def _called_from_resolver(frame: FrameType | None) -> bool:
    below = frame.f_back if frame else None
    while below is not None:
        if below.f_code.co_filename.endswith("resolver.py"):
            return True
        below = below.f_back
    return False


def measure(client: TestClient, recorder: Recorder) -> dict[str, Passed]:
    """Send every kind of call twice, and record the second: what is read once is there by then."""

    def event(**fields: Any) -> Any:
        response = client.post("/v1/resolve", json=fields)
        assert response.status_code == 200, response.text
        return response.json()["contact"]["id"]

    def post(path: str, body: Any) -> Any:
        response = client.post(path, json=body)
        assert response.status_code < 300, (path, response.text)
        return response.json()

    for path, body in (
        ("/v1/environments/shop", {"kind": "identified"}),
        ("/v1/environments/shop/categories/all", {}),
        ("/v1/environments/shop/spaces/home", {"identify_implicitly": True}),
        ("/v1/environments/shop/offers/boots", {"category": "all", "weight": 1}),
    ):
        assert client.put(path, json=body).status_code < 300, path

    found: dict[str, Passed] = {}

    def record(name: str, call: Callable[[], Any]) -> Any:
        event(tracker_id="somebody")  # reads the block list anew where it is old
        result = recorder.during(call)
        found[name] = Passed(recorder.files[: recorder.committed], recorder.resolver_entered, recorder.decided)
        return result

    for turn in ("a", "b"):
        known = {"email": f"{turn}@example.com", "tracker_id": f"t-{turn}"}
        event(**known)
        event(tracker_id=f"v-{turn}")
        record("one event", partial(event, **known, event="page_view"))
        record("an event that unites", partial(event, email=known["email"], tracker_id=f"v-{turn}"))
        batch = {"events": [{**known, "event": "page_view"}, {"tracker_id": f"u-{turn}"}]}
        record("a batch", partial(post, "/v1/resolve/batch", batch))
        message = {"userId": f"u-{turn}", "anonymousId": f"t-{turn}", "event": "bought"}
        record("a Segment message", partial(post, "/v1/track", message))
        union = {"source": event(tracker_id=f"x-{turn}"), "target": event(email=f"y-{turn}@example.com")}
        merge = record("a union by hand", partial(post, "/v1/merges", union))
        record("an un-merge", partial(post, f"/v1/merges/{merge['id']}/undo", {}))
        browser = {"tracker_id": f"t-{turn}"}
        record("a proposition", partial(post, "/v1/environments/shop/spaces/home/propositions", browser))
    return found


def main() -> None:
    """Print a line a call."""
    parser = argparse.ArgumentParser(prog="python -m checks.paths", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--files", action="store_true", help="name the files too")
    chosen = parser.parse_args()
    recorder = Recorder()
    threading.setprofile(recorder.profile)
    sys.setprofile(recorder.profile)
    # Imported here, so that an older version in the working folder can be measured by this file.
    kinfold_module, settings_module = import_module("graph.kinfold"), import_module("graph.settings")
    folder = "api.http.app" if (ROOT / "api" / "http").is_dir() else "api.app"
    create_app = import_module(folder).create_app
    with (
        kinfold_module.open_kinfold(settings_module.Settings()) as kinfold,
        TestClient(create_app(kinfold), base_url="http://127.0.0.1") as client,
    ):
        found = measure(client, recorder)
    sys.setprofile(None)
    for name, passed in found.items():
        counts = (
            f"{len(passed.stops):2} stops, {len(passed.way):2} files, {len(passed.files) - len(passed.way):2} beside"
        )
        sys.stdout.write(f"{name:21} {counts}; resolver entered {passed.resolver_entered}, decided {passed.decided}\n")
        if chosen.files:
            sys.stdout.write(f"    stops: {' '.join(passed.stops)}\n    files: {' '.join(passed.way)}\n")


if __name__ == "__main__":
    main()
