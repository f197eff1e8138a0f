from dataclasses import replace

from edge.status import SinkStatus, Status, line

SEES = Status(camera="0", camera_state="ok", blind=False, fps=9.84, visitors=1)


def test_what_it_sees_is_said_first() -> None:
    assert line(SEES) == "sees 0: 9.8 frames/s, 1 visitor, 0 alerts firing"
    assert line(replace(SEES, visitors=2, firing=1)).endswith("2 visitors, 1 alert firing")
    slow = replace(SEES, camera_state="slow", camera_sentence="fewer frames than needed", fps=1.2)
    assert line(slow).startswith("sees 0 (fewer frames than needed): 1.2 frames/s")


def test_a_blind_service_says_so_in_capitals_and_why_and_for_how_long() -> None:
    blind = Status(camera="0", camera_sentence="the camera is not there; plug it in", state_for=2)
    blind = replace(blind, blind_for=12)
    assert line(blind) == "CANNOT SEE for 12 s: 0: the camera is not there; plug it in"


def test_what_is_wrong_follows_and_what_is_well_does_not() -> None:
    sinks = {
        "quiet": SinkStatus(sent=4),
        "desk": SinkStatus(pending=2, error="no answer"),
        "old": SinkStatus(disabled=True, error="410 Gone", dead=3),
        "soon": SinkStatus(pending=1),
    }
    bad = replace(SEES, outbox="alerts are kept in memory: disk full", sinks=sinks)
    bad = replace(bad, stale={"watch": 23.4}, port="health port 9464 is taken")
    assert line(bad).split("; ")[1:] == [
        "alerts are kept in memory: disk full",
        "health port 9464 is taken",
        "watch silent for 23 s",
        "desk: 2 waiting (no answer)",
        "old: switched off (410 Gone)",
        "soon: 1 waiting",
    ]


def test_healthy_is_seeing_and_alive_and_on_disk() -> None:
    assert SEES.healthy
    for bad in ({"blind": True}, {"stale": {"watch": 30.0}}, {"outbox": "in memory"}):
        assert not replace(SEES, **bad).healthy
