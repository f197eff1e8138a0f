"""What all sinks are given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from edge.alerts.notification import Notification


def a_notification(**changes: Any) -> Notification:
    values: dict[str, Any] = {
        "id": "0197c2f5-firing",
        "incident": "0197c2f5",
        "kind": "firing",
        "purpose": "visitor",
        "device": "desk",
        "rule": "anger",
        "at": "2026-11-21T09:30:00+00:00",
        "text": "A visitor looks angry for 4.1 s, ärgerlich.",
        "about": {"visitor": 3, "label": "angry", "score": 0.91},
    }
    return Notification(**{**values, **changes})


@pytest.fixture(scope="session")
def notification() -> Callable[..., Notification]:
    """Makes a firing, or whatever its keywords make of it."""
    return a_notification
