"""What the machines have done, told at the end of the run."""

from collections import Counter

import pytest

RUN: Counter[str] = Counter()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if RUN:
        done = ", ".join(f"{count:,} {what}" for what, count in sorted(RUN.items()))
        terminalreporter.write_line(f"held against the model: {done}")
