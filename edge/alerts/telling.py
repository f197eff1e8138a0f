# ruff: noqa: A002 - `id` is what a notification calls it
"""What is said of an event: the figures, and one sentence that a receptionist understands."""

from __future__ import annotations

from uuid import UUID, uuid5

from edge.alerts.notification import Notification
from edge.alerts.rule import Firing, Resolved

CAMERA = "camera"  # the rule's name in what is told to operators
_KEYS = UUID("6f1d9d1c-5b2e-5c55-9a54-0a7b2f4f3c1d")

_LOOKS = {
    "disgust": "disgusted",
    "fear": "afraid",
    "surprise": "surprised",
    "negative": "upset",
    "positive": "pleased",
}


def told(event: Firing | Resolved, *, id: str, incident: str, device: str, at: str) -> Notification:
    """What whoever works at the desk is told.

    Args:
        event: From the rule.
        id: Key of this notification and no other.
        incident: The same for a firing and its resolve, never used again.
        device: Who tells, `service.name`.
        at: UTC, ISO 8601.
    """
    about: dict[str, float | int | str]
    if isinstance(event, Firing):
        about = {
            "visitor": event.visitor,
            "label": event.label,
            "score": round(event.score, 3),
            "seconds": round(event.time - event.since, 1),
            "seen": round(event.seen, 3),
            "swallowed": event.swallowed,
        }
        return Notification(
            id, incident, "firing", "visitor", device, event.rule, at, _raised(event, device), about
        )
    about = {
        "visitor": event.visitor,
        "label": event.label,
        "seconds": round(event.duration, 1),
        "peak": round(event.peak, 3),
        "reason": event.reason,
    }
    return Notification(
        id, incident, "resolved", "visitor", device, event.rule, at, _over(event, device), about
    )


def cannot_see(
    state: str, sentence: str, seconds: float, *, id: str, incident: str, device: str, at: str
) -> Notification:
    """What operators are told when the camera gives nothing to judge by.

    Args:
        state: One word, e.g. `unplugged`.
        sentence: The same for people, and what to do.
        seconds: For how long by now.
        id, incident, device, at: As for `told`.
    """
    text = f"{device} has not been able to see for {_span(seconds)}: {sentence}."
    about: dict[str, float | int | str] = {"state": state, "seconds": round(seconds, 1)}
    return Notification(
        id, incident, "firing", "operator", device, CAMERA, at, text.replace("?.", "?"), about
    )


def sees_again(seconds: float, *, id: str, incident: str, device: str, at: str) -> Notification:
    """What operators are told when the camera sees again.

    Args:
        seconds: For how long it could not.
        id, incident, device, at: As for `told`; the incident of its `cannot_see`.
    """
    text = f"{device} sees again, after {_span(seconds)}."
    about = {"seconds": round(seconds, 1)}
    return Notification(id, incident, "resolved", "operator", device, CAMERA, at, text, about)


def restarted(firing: Notification, *, at: str) -> Notification:
    """The end of an incident that an earlier process left firing.

    Its key follows from the incident, so that a process killed while it tells this tells the same
    again, never another.
    """
    what = "could not see" if firing.purpose == "operator" else "raised an alert"
    text = f"{firing.device} has started again since it {what}; that alert is over."
    return Notification(
        restarted_id(firing.incident),
        firing.incident,
        "resolved",
        firing.purpose,
        firing.device,
        firing.rule,
        at,
        text,
        {**firing.about, "reason": "restarted"},
    )


def restarted_id(incident: str) -> str:
    """The key of the resolve that a restart gives to an incident."""
    return uuid5(_KEYS, incident).hex


def trial(*, id: str, device: str, at: str) -> Notification:
    """What `edge-run alerts test` sends."""
    text = f"This is a test from {device}, asked for by an operator. Nothing has happened."
    return Notification(id, id, "test", "operator", device, "test", at, text, {"test": "yes"})


def _raised(event: Firing, device: str) -> str:
    text = (
        f"A visitor at {device} has {_looked(event.label)} for {_span(event.time - event.since)}."
    )
    if event.swallowed:
        text += f" {_count(event.swallowed, 'earlier alert')} held back, as there were too many."
    return text


def _over(event: Resolved, device: str) -> str:
    seen = f"who had {_looked(event.label)}"
    after = f"after {_span(event.duration)}"
    return {
        "calm": f"The visitor at {device} {seen} has calmed down {after}.",
        "gone": f"The visitor at {device} {seen} has left {after}.",
        "blind": f"{device} does not see the visitor {seen} any more; please look yourself.",
        "ended": f"{device} has stopped watching the visitor {seen}; please look yourself.",
    }[event.reason]


def _looked(label: str) -> str:
    """`angry+fear` as `looked angry or afraid`, `no happy` as `not looked happy`."""
    absent = label.startswith("no ")
    words = [_LOOKS.get(word, word) for word in label.removeprefix("no ").split("+")]
    listed = " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))
    return f"{'not ' if absent else ''}looked {listed}"


def _span(seconds: float) -> str:
    if seconds < 90:
        return _count(max(1, round(seconds)), "second")
    if seconds < 90 * 60:
        return _count(round(seconds / 60), "minute")
    return _count(round(seconds / 3600), "hour")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
