from __future__ import annotations

from dataclasses import replace

import pytest

from edge.alerts.notification import Notification
from edge.status import Status
from edge.teller import Teller

BLIND = Status(
    camera_state="unplugged", camera_sentence="it is not there", state_for=2, blind_for=61
)


def test_operators_are_told_how_long_it_has_not_seen_whatever_it_was_in_between() -> None:
    kept: list[Notification] = []
    Teller("desk", kept.append).tell_operators("cannot see", BLIND)
    [told] = kept
    assert told.about == {"state": "unplugged", "seconds": 61}
    assert "61 seconds" in told.text


@pytest.mark.parametrize("at", ["20:6-11-20", "", "2026-11-20T14:03:22", None])
def test_a_time_that_a_bad_card_has_changed_does_not_end_the_process(at) -> None:
    kept: list[Notification] = []
    teller = Teller("desk", kept.append)
    teller.tell_operators("cannot see", BLIND)
    teller.blind = replace(kept[0], at=at)
    teller.tell_operators("sees again", replace(BLIND, blind=False))
    assert kept[1].incident == kept[0].incident
    assert teller.blind is None
