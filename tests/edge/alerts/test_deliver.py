import json
import logging
from dataclasses import dataclass, field

import pytest

from edge.alerts.deliver import Delivery
from edge.alerts.rule import Event, Firing, Resolved
from edge.alerts.sinks.log import LogSink

FIRING = Firing("anger", 1, 4, 13.5, 10.0, "angry", 0.625, 0.9, 2)
RESOLVED = Resolved("anger", 1, 4, 20.0, "angry", 10.0, 0.8, "calm")


@dataclass
class Kept:
    """A sink that remembers; what it refuses is told by `error`."""

    name: str = "kept"
    error: Exception | None = None
    events: list[Event] = field(default_factory=list)

    def send(self, event: Event) -> None:
        if self.error is not None:
            raise self.error
        self.events.append(event)


def test_every_sink_gets_every_event_in_order() -> None:
    first, second = Kept(), Kept()
    Delivery([first, second]).deliver([FIRING, RESOLVED])
    assert first.events == second.events == [FIRING, RESOLVED]


@pytest.mark.parametrize(
    "error", [OSError("disk full"), ValueError("?"), TimeoutError()], ids=lambda e: type(e).__name__
)
def test_a_bad_sink_keeps_nothing_from_the_others(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    good = Kept()
    Delivery([Kept("bad", error), good]).deliver([FIRING, RESOLVED])
    assert good.events == [FIRING, RESOLVED]
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert "sink bad refused" in caplog.text


def test_a_closed_standard_output_ends_the_run() -> None:
    delivery = Delivery([Kept("stdout", BrokenPipeError())])
    with pytest.raises(BrokenPipeError):
        delivery.deliver([FIRING])


def test_nobody_to_tell_is_no_error() -> None:
    Delivery([]).deliver([FIRING])


def test_the_log_names_who_what_and_how_long(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "edge.alerts"):
        Delivery([LogSink()]).deliver([FIRING, RESOLVED])
    firing, resolved = caplog.records
    assert (firing.levelname, resolved.levelname) == ("WARNING", "INFO")
    assert firing.getMessage() == (
        "alert 1 firing: rule anger, visitor 4 angry for 3.5 s (score 0.62, in view 90%); "
        "2 held back by the cap"
    )
    assert resolved.getMessage() == (
        "alert 1 resolved: rule anger, visitor 4 calm after 10.0 s (peak 0.80)"
    )


def test_events_are_plain_values_that_fit_into_json() -> None:
    for event in (FIRING, RESOLVED):
        assert json.loads(json.dumps(vars(event))) == vars(event)
