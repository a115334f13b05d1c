"""How well anomalies are found: findings held against what was planted."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from graph.analysis.findings import KEY_OF
from graph.simulation.entities import Planted

THRESHOLD = 0.5
"""From which score on a finding counts as one."""

KINDS = (
    "shared_subscription",
    "many_emails",
    "many_trackers",
    "fusing_value",
    "limit",
    "merge_burst",
    "far_devices",
)
"""Kinds of anomaly that are always reported."""


class FindingLike(Protocol):
    """A finding of the analysis."""

    @property
    def kind(self) -> str: ...
    @property
    def subject(self) -> Mapping[str, str]: ...
    @property
    def score(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Detection:
    """How well one kind of anomaly was found.

    Attributes
    ----------
    kind
        The kind.
    planted
        How many there are. What a household shares does not count: it should not be found.
    evident
        How many of those the log gives away (`Planted.evident`): nobody can be expected to find more.
    found
        How many findings can be judged: those about a key, and those about a contact whose events are known.
    right
        How many of those are true: the key was planted, or more than one person is in the contact.
    hit
        How many of the planted were found.
    unjudged
        Findings about something that the truth does not speak of.
    households
        How many of those found, and wrongly so, are about what a household shares.
    precision, recall
        ``right / found`` and ``hit / planted``; None where there is nothing to divide by.
    average_precision
        Of all findings of the kind, whatever they score, the highest first: the precision at each one that is right,
        averaged over what was planted, where what was never found counts 0. None when nothing was planted.
    """

    kind: str
    planted: int
    evident: int
    found: int
    right: int
    hit: int
    unjudged: int
    households: int
    precision: float | None
    recall: float | None
    average_precision: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        return asdict(self)


def detect(
    findings: Iterable[FindingLike],
    planted: Sequence[Planted],
    *,
    mixed: Mapping[Any, bool] | None = None,
    cookies: Mapping[str, Collection[str]] | None = None,
    threshold: float = THRESHOLD,
) -> list[Detection]:
    """Hold findings against what was planted, kind by kind.

    Parameters
    ----------
    findings
        What the analysis found.
    planted
        What is wrong in the world.
    mixed
        For each contact, whether more than one person's events are in it (`metrics.mixed_contacts`).
    cookies
        By tracker, the own cookies of the browsers that sent it, where they store the answered one: a finding about
        a tracker is about each of these browsers.
    threshold
        Findings with a lower score are left out.

    Returns
    -------
    list of Detection
        One for each of `KINDS`, then one for each other kind that was found or planted.
    """
    mixed, cookies = mixed or {}, cookies or {}
    counted = {kind: _Count() for kind in KINDS}
    for item in planted:
        count = counted.setdefault(item.kind, _Count())
        (count.shared if item.household else count.planted).add((item.key, item.value))
        count.evident += item.evident and not item.household
    seen: set[tuple[str, str, str]] = set()
    for finding in sorted(findings, key=lambda finding: -finding.score):
        subject = (KEY_OF.get(finding.subject["type"], finding.subject["type"]), finding.subject["value"])
        if (finding.kind, *subject) in seen:
            continue
        seen.add((finding.kind, *subject))
        count = counted.setdefault(finding.kind, _Count())
        if subject[0] in ("contact", "cluster"):
            if finding.score >= threshold:
                count.judge(mixed.get(subject[1]))
        else:
            about = {subject, *((subject[0], cookie) for cookie in cookies.get(subject[1], ()))}
            count.hold(about, counts=finding.score >= threshold)
    return [count.done(kind) for kind, count in counted.items()]


class _Count:
    def __init__(self) -> None:
        self.planted: set[tuple[str, str]] = set()
        self.shared: set[tuple[str, str]] = set()
        self.hit: set[tuple[str, str]] = set()
        self.found = self.right = self.unjudged = self.households = self.evident = 0
        self._ranked = 0
        self._listed: set[tuple[str, str]] = set()
        self._precisions = 0.0

    def judge(self, right: bool | None) -> None:
        """Count a finding about a contact; None when the truth does not speak of it."""
        if right is None:
            self.unjudged += 1
        else:
            self.found += 1
            self.right += right

    def hold(self, about: set[tuple[str, str]], *, counts: bool) -> None:
        """Hold a finding about a key against what was planted, in the order of scores."""
        hit = about & self.planted
        new = hit - self._listed
        # One more about the same device neither helps nor hurts.
        if new or not hit:
            self._ranked += 1
        if new:
            self._listed |= new
            self._precisions += len(new) * min(1.0, len(self._listed) / self._ranked)
        if counts:
            self.found += 1
            self.right += bool(hit)
            self.hit |= hit
            self.households += not hit and not about.isdisjoint(self.shared)

    def done(self, kind: str) -> Detection:
        planted = len(self.planted)
        return Detection(
            kind,
            planted,
            self.evident,
            self.found,
            self.right,
            len(self.hit),
            self.unjudged,
            self.households,
            self.right / self.found if self.found else None,
            len(self.hit) / planted if planted else None,
            self._precisions / planted if planted else None,
        )
