"""Findings held against what was planted."""

from dataclasses import dataclass, replace

from graph.simulation import Planted, Situation
from graph.simulation.detection import KINDS, detect


@dataclass
class Finding:
    kind: str
    type: str
    value: str
    score: float = 0.9

    @property
    def subject(self) -> dict[str, str]:
        return {"type": self.type, "value": self.value}


def planted(kind: str, value: str, situation: Situation = Situation.KIOSK) -> Planted:
    key = "tracker_id" if kind == "many_emails" else "subscription"
    return Planted(kind, key, value, situation, 2, situation is Situation.FAMILY)  # type: ignore[arg-type]


def of(kind: str, *arguments: object, **more: object) -> tuple[object, ...]:
    done = {one.kind: one for one in detect(*arguments, **more)}[kind]  # type: ignore[arg-type]
    return done.planted, done.found, done.right, done.hit, done.unjudged, done.precision, done.recall


def test_a_finding_is_right_when_its_key_was_planted_as_that_kind() -> None:
    findings = [
        Finding("many_emails", "tracker", "t1"),
        Finding("many_emails", "tracker", "t9"),
        Finding("shared_subscription", "subscription", "t2"),
    ]
    truth = [planted("many_emails", "t1"), planted("many_emails", "t2")]
    assert of("many_emails", findings, truth) == (2, 2, 1, 1, 0, 0.5, 0.5)
    assert of("shared_subscription", findings, truth) == (0, 1, 0, 0, 0, 0.0, None)


def test_a_finding_that_scores_too_low_or_comes_twice_does_not_count() -> None:
    findings = [
        Finding("many_emails", "tracker", "t1"),
        Finding("many_emails", "tracker", "t1", 0.8),
        Finding("many_emails", "tracker", "t2", 0.4),
    ]
    truth = [planted("many_emails", "t1"), planted("many_emails", "t2")]
    assert of("many_emails", findings, truth) == (2, 1, 1, 1, 0, 1.0, 0.5)
    assert of("many_emails", findings, truth, threshold=0.3) == (2, 2, 2, 2, 0, 1.0, 1.0)


def test_a_finding_about_a_contact_is_right_when_two_people_are_in_it() -> None:
    findings = [Finding("merge_burst", "contact", name) for name in ("mixed", "whole", "nobody")]
    assert of("merge_burst", findings, [], mixed={"mixed": True, "whole": False}) == (0, 2, 1, 0, 1, 0.5, None)


def test_what_a_household_shares_is_wrongly_found_and_no_miss_when_it_is_not() -> None:
    truth = [planted("many_emails", "t1", Situation.FAMILY), planted("many_emails", "t2")]
    assert of("many_emails", [], truth)[:4] == (1, 0, 0, 0)
    findings = [Finding("many_emails", "tracker", "t1"), Finding("many_emails", "tracker", "t2")]
    assert of("many_emails", findings, truth) == (1, 2, 1, 1, 0, 0.5, 1.0)
    (counted,) = [one for one in detect(findings, truth) if one.kind == "many_emails"]
    assert counted.households == 1


def test_what_the_log_does_not_give_away_is_counted_apart() -> None:
    truth = [planted("many_emails", "t1"), replace(planted("many_emails", "t2"), evident=False)]
    (counted,) = [one for one in detect([], truth) if one.kind == "many_emails"]
    assert (counted.planted, counted.evident) == (2, 1)


def test_a_finding_about_an_answered_tracker_is_about_the_browsers_that_stored_it() -> None:
    findings = [Finding("many_emails", "tracker", "minted"), Finding("many_emails", "tracker", "t1")]
    truth = [planted("many_emails", "t1"), planted("many_emails", "t2")]
    cookies = {"minted": {"t1"}}
    assert of("many_emails", findings, truth, cookies=cookies) == (2, 2, 2, 1, 0, 1.0, 0.5)
    assert of("many_emails", findings, truth) == (2, 2, 1, 1, 0, 0.5, 0.5)


def test_the_average_precision_asks_whether_what_is_planted_comes_first_whatever_it_scores() -> None:
    truth = [planted("many_emails", "t1"), planted("many_emails", "t2"), planted("many_emails", "t3")]
    findings = [
        Finding("many_emails", "tracker", "t2", 0.3),
        Finding("many_emails", "tracker", "t9", 0.6),
        Finding("many_emails", "tracker", "t1", 0.9),
    ]
    (counted,) = [one for one in detect(findings, truth) if one.kind == "many_emails"]
    assert counted.average_precision == (1 / 1 + 2 / 3) / 3
    assert (counted.found, counted.right) == (2, 1)


def test_every_kind_is_reported_and_new_ones_too() -> None:
    kinds = [one.kind for one in detect([Finding("novelty", "email", "x")], [])]
    assert kinds == [*KINDS, "novelty"]
    assert of("limit", [], []) == (0, 0, 0, 0, 0, None, None)
