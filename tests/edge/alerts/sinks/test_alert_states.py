from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from edge.alerts.notification import Notification
from edge.alerts.sinks.alert_states import AlertStates

Make = Callable[..., Notification]


def test_raised_until_the_last_incident_is_resolved(notification: Make) -> None:
    states = AlertStates()
    assert states.accept(notification(incident="a"))
    assert not states.accept(notification(incident="b"))
    states.accept(notification(incident="a", kind="resolved"))
    assert states.is_raised("anger")
    states.accept(notification(incident="b", kind="resolved"))
    assert not states.is_raised("anger")
    assert states.rules == ["anger"]


def test_a_test_raises_nothing_and_makes_no_rule(notification: Make) -> None:
    states = AlertStates()
    assert not states.accept(notification(kind="test"))
    assert states.rules == []
    assert not states.is_raised("anger")


def test_a_resolve_of_another_process_is_taken(notification: Make) -> None:
    states = AlertStates()
    states.accept(notification(kind="resolved", incident="of yesterday"))
    assert not states.is_raised("anger")


def test_rules_are_known_before_they_fire() -> None:
    states = AlertStates()
    assert states.know(["sad", "anger"])
    assert not states.know(["anger"])
    assert states.rules == ["anger", "sad"]


def test_two_quiet_reports_in_a_row_lower_what_was_never_resolved(notification: Make) -> None:
    states = AlertStates()
    states.accept(notification())
    states.report(["visitor"])
    states.report([])  # it fires: the first was older than the alert
    states.report(["visitor"])
    assert states.is_raised("anger")
    states.report(["visitor"])
    assert not states.is_raised("anger")


def test_quiet_visitors_say_nothing_of_the_camera(notification: Make) -> None:
    states = AlertStates()
    states.accept(notification(rule="camera", purpose="operator"))
    for _ in range(5):
        states.report(["visitor"])
    assert states.is_raised("camera")
    for _ in range(2):
        states.report(["visitor", "operator"])
    assert not states.is_raised("camera")


@given(st.lists(st.tuples(st.sampled_from(["firing", "resolved"]), st.integers(0, 3))))
def test_raised_is_what_fired_last_and_was_not_resolved(
    notification: Make, told: list[tuple[str, int]]
) -> None:
    states = AlertStates()
    last = {}
    for kind, incident in told:
        states.accept(notification(kind=kind, incident=str(incident)))
        last[incident] = kind
    assert states.is_raised("anger") == ("firing" in last.values())
