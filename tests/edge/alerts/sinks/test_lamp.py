"""A lamp is lit exactly while something is firing."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.alerts.notification import Notification
from edge.alerts.sinks.lamp import REMEMBERED, Lamp, Order

Notify = Callable[..., Notification]


def orders(notification: Notify, *told: tuple[str, str]) -> list[Order]:
    """What it has to do for each (kind, incident)."""
    lamp, given_orders = Lamp(), []
    for kind, incident in told:
        notice = notification(kind=kind, incident=incident, id=f"{incident}-{kind}")
        lamp, order = lamp.after(notice)
        given_orders.append(order)
    return given_orders


def test_until_the_last_is_resolved(notification: Notify) -> None:
    assert orders(
        notification, ("firing", "a"), ("firing", "b"), ("resolved", "a"), ("resolved", "b")
    ) == ["light", "light", "nothing", "darken"]


def test_each_may_come_twice(notification: Notify) -> None:
    told = [("firing", "a"), ("firing", "a"), ("resolved", "a"), ("resolved", "a"), ("firing", "a")]
    assert orders(notification, *told) == ["light", "nothing", "darken", "nothing", "nothing"]


def test_a_test_blinks_once(notification: Notify) -> None:
    assert orders(notification, ("test", "t"), ("test", "t")) == ["blink", "nothing"]


def test_a_firing_after_its_resolve_does_not_light_it(notification: Notify) -> None:
    assert orders(notification, ("resolved", "a"), ("firing", "a")) == ["nothing", "nothing"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["firing", "resolved", "test"]), st.integers(0, 5))))
def test_lit_is_what_has_fired_and_is_not_over(
    notification: Notify, told: list[tuple[str, int]]
) -> None:
    lamp, lit = Lamp(), False
    fired, over = set[int](), set[int]()
    for kind, incident in told:
        lamp, order = lamp.after(
            notification(kind=kind, incident=str(incident), id=f"{incident}-{kind}")
        )
        fired |= {incident} if kind == "firing" and incident not in over else set()
        over |= {incident} if kind == "resolved" else set()
        lit = {"light": True, "darken": False}.get(order, lit)
        assert lit == bool(fired - over)
        assert lamp.firing == {str(one) for one in fired - over}


def test_a_year_of_alerts_is_not_remembered(notification: Notify) -> None:
    lamp = Lamp()
    for number in range(3 * REMEMBERED):
        for kind in ("firing", "resolved"):
            notice = notification(kind=kind, incident=str(number), id=f"{number}-{kind}")
            lamp, _ = lamp.after(notice)
    assert (len(lamp.seen), len(lamp.over), len(lamp.firing)) == (REMEMBERED, REMEMBERED, 0)
