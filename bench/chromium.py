"""The Chromium in which pages are tested and timed."""

from shutil import which

WHOLE = ("chromium", "chromium-browser", "google-chrome")
SHELL = "chromium-headless-shell"
"""Chromium without its own windows: the same pages for a quarter less of processor time."""
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def first_of(*names: str) -> str | None:
    """Return where the first of these browsers is, None where there is none of them."""
    return next(filter(None, map(which, names)), None)
