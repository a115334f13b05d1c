"""How fluent a drawing of 1,000 people is: the time between two frames while it is dragged, in Chromium.

Run with ``python -m bench.drawing [--people 1000]``. One browser on which so many people logged in is drawn by the page
as the finding that it is: the first dozen, then all of them. In columns and in rings a person is dragged around, the
device in the middle with all its lines, and the whole drawing. Every frame that Chromium shows meanwhile is counted; a
page that keeps up shows one every 16.7 ms, and 33 ms at the 95th percentile are to be reached. An empty page under the
same mouse is the yardstick of the machine, which paints without a graphics card.
"""

import argparse
import json
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.table import Table

from bench.chaos import Served
from bench.chromium import FLAGS, SHELL, WHOLE, first_of
from bench.harness import OUT, where
from bench.lists import percentile, run
from graph.embedded import stop
from graph.settings import Settings

TARGET_MS = 33.4
"""Two frames of a screen with 60 a second."""
STEPS, TURNS = 60, 3
WATCH = """() => {
    window.frames_ = [];
    let last = performance.now();
    const tick = (now) => {
        window.frames_.push(now - last);
        last = now;
        if (window.frames_ !== null) window.watching_ = requestAnimationFrame(tick);
    };
    window.watching_ = requestAnimationFrame((now) => { last = now; window.watching_ = requestAnimationFrame(tick); });
}"""
STOP = "() => { cancelAnimationFrame(window.watching_); return window.frames_; }"


def drag(page: Page, x: float, y: float) -> list[float]:
    """Press there and move around; return the milliseconds from each frame to the next."""
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 12, y + 8)
    page.evaluate(WATCH)
    for step in range(STEPS):
        page.mouse.move(x + 12 + 3 * (step % 30), y + 8 + 2 * (step % 20))
    frames: list[float] = page.evaluate(STOP)
    page.mouse.up()
    return frames


def places(page: Page) -> dict[str, tuple[float, float]]:
    """Where on the page one person, the middle, and nothing at all stand."""
    page.locator(".canvas").scroll_into_view_if_needed()
    box = page.locator(".canvas").bounding_box()
    assert box
    found: dict[str, list[float]] = page.evaluate(
        """() => {
            const {cy, around} = document.querySelector('.canvas').drawing;
            const at = (node) => { const {x, y} = node.renderedPosition(); return [x, y]; };
            const inside = ([x, y]) => x > 60 && y > 60 && x < cy.width() - 120 && y < cy.height() - 60;
            const people = cy.nodes().filter((node) => node.id() !== around.root && inside(at(node)));
            return {'a person': at(people[people.length >> 1]), 'the middle': at(cy.getElementById(around.root))};
        }"""
    )
    spots = {name: (box["x"] + x, box["y"] + y) for name, (x, y) in found.items()}
    return spots | {"the whole drawing": (box["x"] + 6, box["y"] + box["height"] - 6)}


def measure(page: Page, address: str, finding: str, people: int) -> tuple[dict[str, list[float]], dict[str, float]]:
    page.goto(address)
    page.wait_for_load_state("networkidle")
    samples = {"an empty page": drag(page, 600, 400)}
    page.goto(f"{address}/#/finding/{finding}")
    page.locator(".around .people").wait_for()
    times = {}
    times["drawing all of them"] = page.evaluate(
        """async (people) => {
            const all = [...document.querySelectorAll('.around button')].find((one) => one.textContent === 'Show all');
            const began = performance.now();
            all.click();
            while (document.querySelectorAll('.around .people button.contact').length < people)
                await new Promise((go) => setTimeout(go, 5));
            await new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
            return performance.now() - began;
        }""",
        people,
    )
    for layout in ("rings", "columns"):
        if layout == "columns":
            page.get_by_role("button", name="Draw in columns").click()
        page.wait_for_timeout(500)
        for name in places(page):
            frames = samples.setdefault(f"{layout}: {name}", [])
            for _ in range(TURNS):
                frames += drag(page, *places(page)[name])
                page.get_by_role("button", name="Fit into view").click()
                page.wait_for_timeout(200)
    return samples, times


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.drawing", description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=1_000)
    arguments = parser.parse_args()
    began = where()
    # What people use first: what is drawn is timed.
    chromium = first_of(*WHOLE, SHELL)
    with tempfile.TemporaryDirectory(prefix="kinfold-bench-") as folder, ExitStack() as stack:
        home = Path(folder) / "home"
        environment = {"KINFOLD_HOME": str(home)}
        stack.callback(stop, Settings(neo4j_uri=None).model_copy(update={"home": home}))
        log = Path(folder) / "kiosk.ndjson"
        log.write_text(
            '{"tracker_id": "kiosk"}\n'
            + "".join(
                f'{{"tracker_id": "kiosk", "email": "reader{number}@example.com"}}\n'
                for number in range(arguments.people)
            )
        )
        run(environment, "resolve", str(log))
        server = Served(environment, Path(folder) / "server.log")
        stack.callback(server.end)
        httpx.post(f"{server.url}/v1/analyses", json={}, timeout=600).raise_for_status()
        findings = httpx.get(f"{server.url}/v1/anomalies").json()["items"]
        finding = next(one["id"] for one in findings if one["subject"]["value"] == "kiosk")
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        stack.callback(browser.close)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        samples, times = measure(page, server.url, finding, arguments.people)
        version = browser.version
    show(samples, times, arguments.people, version, began)


def show(
    samples: dict[str, list[float]], times: dict[str, float], people: int, version: str, began: dict[str, Any]
) -> None:
    table = Table(title=f"{people:,} people, Chromium {version}; milliseconds from frame to frame while dragging")
    for heading in ("dragged", "frames", "median", "p95", "most", "up to 33 ms", ""):
        table.add_column(heading, justify="left" if heading in ("dragged", "") else "right")
    rows = []
    for name, frames in samples.items():
        within = sum(one <= TARGET_MS for one in frames) / len(frames)
        row = {"dragged": name, "frames": len(frames), "median": statistics.median(frames)}
        row |= {"p95": percentile(frames), "most": max(frames), "within": within}
        rows.append(row)
        told = "" if name == "an empty page" else "reached" if row["p95"] <= TARGET_MS else "missed"
        shown = [f"{row[key]:.1f}" for key in ("median", "p95", "most")]
        table.add_row(name, str(len(frames)), *shown, f"{within:.0%}", told)
    Console(width=120).print(table)
    for name, taken in times.items():
        print(f"{name}: {taken:,.0f} ms")
    OUT.mkdir(parents=True, exist_ok=True)
    document = {"benchmark": "drawing", **began, "chromium": version, "people": people, "rows": rows, "times": times}
    (OUT / "drawing.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
