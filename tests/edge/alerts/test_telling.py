from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from edge.alerts.notification import Notification
from edge.alerts.rule import Firing, Reason, Resolved
from edge.alerts.telling import cannot_see, restarted, restarted_id, sees_again, told, trial

FIRING = Firing("anger", 1, 4, 13.5, 9.5, "angry", 0.6254, 0.9, 0)
RESOLVED = Resolved("anger", 1, 4, 20.0, "angry", 10.0, 0.81, "calm")
KEY: dict[str, Any] = {"id": "k", "incident": "i", "device": "the desk", "at": "2026-11-21T07:00Z"}


def test_a_firing() -> None:
    found = told(FIRING, **KEY)
    assert (found.kind, found.purpose, found.rule) == ("firing", "visitor", "anger")
    assert (found.id, found.incident, found.device, found.at) == tuple(KEY.values())
    assert found.text == "A visitor at the desk has looked angry for 4 seconds."
    assert found.about == {
        "visitor": 4,
        "label": "angry",
        "score": 0.625,
        "seconds": 4.0,
        "seen": 0.9,
        "swallowed": 0,
    }


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("fear", "looked afraid"),
        ("angry+disgust", "looked angry or disgusted"),
        ("angry+disgust+sad", "looked angry, disgusted or sad"),
        ("no happy", "not looked happy"),
        ("negative", "looked upset"),
        ("whatever", "looked whatever"),
    ],
)
def test_labels_in_words(label: str, words: str) -> None:
    assert f"has {words} for" in told(replace(FIRING, label=label), **KEY).text
    assert f"who had {words} " in told(replace(RESOLVED, label=label), **KEY).text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 second."), (89, "89 seconds"), (95, "2 minutes"), (5399, "90 minutes")],
)
def test_spans(seconds: float, words: str) -> None:
    assert words in told(replace(FIRING, time=FIRING.since + seconds), **KEY).text


def test_what_the_cap_held_back_is_told() -> None:
    assert "1 earlier alert held back" in told(replace(FIRING, swallowed=1), **KEY).text
    assert "2 earlier alerts held back" in told(replace(FIRING, swallowed=2), **KEY).text


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("calm", "calmed down after 10 seconds"),
        ("gone", "has left after 10 seconds"),
        ("blind", "does not see the visitor"),
        ("ended", "has stopped watching"),
    ],
)
def test_a_resolve_says_why(reason: Reason, words: str) -> None:
    found = told(replace(RESOLVED, reason=reason), **KEY)
    assert (found.kind, found.about["reason"], found.about["peak"]) == ("resolved", reason, 0.81)
    assert words in found.text


def test_operators_are_told() -> None:
    found = cannot_see("unplugged", "the camera is not there; plug it in", 61, **KEY)
    assert (found.kind, found.purpose, found.rule) == ("firing", "operator", "camera")
    assert found.text == (
        "the desk has not been able to see for 61 seconds: the camera is not there; plug it in."
    )
    asked = cannot_see("black", "is the lens covered?", 8000, **KEY)
    assert asked.text.endswith("for 2 hours: is the lens covered?")
    again = sees_again(7300, **KEY)
    assert (again.kind, again.purpose, again.rule) == ("resolved", "operator", "camera")
    assert again.text == "the desk sees again, after 2 hours."


def test_a_restart_resolves_under_a_key_that_follows_from_the_incident() -> None:
    firing = told(FIRING, **KEY)
    first, second = restarted(firing, at="then"), restarted(firing, at="later")
    assert first.id == second.id == restarted_id("i") != firing.id
    assert restarted_id("j") != first.id
    assert (first.kind, first.incident, first.rule) == ("resolved", "i", "anger")
    assert first.about["reason"] == "restarted"
    assert "started again" in first.text
    assert "could not see" in restarted(sees_again(3, **KEY), at="").text


def test_a_test_is_marked() -> None:
    found = trial(id="k", device="desk", at="now")
    assert found.kind == "test"
    assert "test" in found.text
    assert "Nothing has happened" in found.text


@pytest.mark.parametrize("found", [told(FIRING, **KEY), told(RESOLVED, **KEY)])
def test_the_same_bytes_come_back(found: Notification) -> None:
    assert Notification.from_json(found.as_json()).as_json() == found.as_json()
