"""A lamp at gpiozero's mock pins, which are made for this."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from edge.alerts.notification import Notification
from edge.alerts.sinks.base import SendError
from edge.alerts.sinks.gpio import INSTALL, TEST_BLINK, GpioConfig, GpioSink, make

gpiozero = pytest.importorskip("gpiozero", reason="gpiozero is not installed")
Notify = Callable[..., Notification]


@pytest.fixture(autouse=True)
def factory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from gpiozero.pins.mock import MockFactory

    factory = MockFactory()
    monkeypatch.setattr(gpiozero.Device, "pin_factory", factory)
    yield factory
    factory.reset()


@pytest.fixture
def made() -> Iterator[Callable[..., GpioSink]]:
    sinks: list[GpioSink] = []

    def one(**config: Any) -> GpioSink:
        sinks.append(make("lamp", GpioConfig(**config), "pi"))
        return sinks[-1]

    yield one
    for sink in sinks:
        sink.close()


class Watched:
    """The states that a pin goes through, as they come."""

    def __init__(self, pin: Any) -> None:
        self._states: list[bool] = []
        self._changed = threading.Condition()
        change = pin._change_state

        def noted(value: bool) -> Any:
            with self._changed:
                self._states.append(bool(value))
                self._changed.notify_all()
            return change(value)

        pin._change_state = noted

    def wait(self, *states: bool) -> bool:
        """Whether it comes to go through these."""
        wanted = list(states)
        with self._changed:
            return self._changed.wait_for(lambda: self._states[: len(wanted)] == wanted, 20)


def test_nothing_is_opened_before_the_first_notification(
    made: Callable[..., GpioSink], factory: Any
) -> None:
    made(pin=17)
    assert factory.pins == {}


def test_visitors_are_its_purpose() -> None:
    assert GpioConfig().purposes == ("visitor",)


@pytest.mark.parametrize("active_high", [True, False])
def test_on_while_anything_is_firing(
    made: Callable[..., GpioSink], factory: Any, notification: Notify, active_high: bool
) -> None:
    lamp, pin = made(pin=22, active_high=active_high), factory.pin(22)
    on = int(active_high)
    for kind, incident, state in [
        ("firing", "a", on),
        ("firing", "a", on),
        ("firing", "b", on),
        ("resolved", "a", on),
        ("resolved", "a", on),
        ("resolved", "b", 1 - on),
        ("firing", "b", 1 - on),
    ]:
        lamp.send(notification(kind=kind, incident=incident, id=f"{incident}-{kind}"))
        assert pin.state == state, (kind, incident)


def test_close_switches_off_and_gives_the_pin_back(
    made: Callable[..., GpioSink], factory: Any, notification: Notify
) -> None:
    lamp, pin = made(pin=17), factory.pin(17)
    lamp.send(notification())
    states = Watched(pin)
    lamp.close()
    lamp.close()
    assert states.wait(False)
    assert pin.function == "input"
    with gpiozero.LED(17) as other:
        other.on()


@pytest.mark.parametrize(("pattern", "seconds"), [("blink", 0.0), ("beep", 0.0)])
def test_patterns_go_on_until_all_is_over(
    made: Callable[..., GpioSink],
    factory: Any,
    notification: Notify,
    monkeypatch: pytest.MonkeyPatch,
    pattern: str,
    seconds: float,
) -> None:
    monkeypatch.setitem(sys.modules["edge.alerts.sinks.gpio"].RHYTHMS, pattern, (0.001, 0.001))
    lamp, states = made(pattern=pattern, seconds=seconds), Watched(factory.pin(17))
    lamp.send(notification())
    assert states.wait(False, *[True, False] * 5)  # off first, when the pin is taken
    lamp.send(notification(kind="resolved", id="over"))
    assert factory.pin(17).state == 0
    assert not blinking()


def test_on_goes_off_by_itself(
    made: Callable[..., GpioSink], factory: Any, notification: Notify
) -> None:
    lamp, states = made(seconds=0.01), Watched(factory.pin(17))
    lamp.send(notification())
    assert states.wait(False, True, False)


@pytest.mark.parametrize(("seconds", "times"), [(0.2, 1), (3.0, 3), (2.5, 3)])
def test_a_pattern_ends_after_its_seconds(
    made: Callable[..., GpioSink],
    factory: Any,
    notification: Notify,
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
    times: int,
) -> None:
    """Each turn of a pattern takes a second, so that many turns are counted."""
    monkeypatch.setitem(sys.modules["edge.alerts.sinks.gpio"].RHYTHMS, "blink", (0.001, 0.001))
    lamp, states = made(pattern="blink", seconds=seconds), Watched(factory.pin(17))
    lamp.send(notification())
    assert states.wait(False, *[True, False] * times)
    for thread in threading.enumerate():
        if "GPIOThread" in type(thread).__name__:
            thread.join(20)
    assert states._states == [False, *[True, False] * times]


def test_a_test_blinks_twice_and_leaves_it_dark(
    made: Callable[..., GpioSink], factory: Any, notification: Notify
) -> None:
    lamp, states = made(), Watched(factory.pin(17))
    lamp.send(notification(kind="test", id="t"))
    assert states.wait(False, True, False, True, False)
    assert TEST_BLINK < 1


def test_a_test_leaves_a_lamp_lit_that_was(
    made: Callable[..., GpioSink], factory: Any, notification: Notify
) -> None:
    lamp, pin = made(), factory.pin(17)
    lamp.send(notification())
    states = Watched(pin)
    lamp.send(notification(kind="test", id="t"))
    assert states.wait(True, False, True, False, True)
    assert pin.state == 1


def blinking() -> list[str]:
    return [t.name for t in threading.enumerate() if "GPIOThread" in type(t).__name__]


def test_a_pin_that_another_uses(
    made: Callable[..., GpioSink], factory: Any, notification: Notify
) -> None:
    lamp = made()
    with gpiozero.LED(17):
        for _ in range(2):
            with pytest.raises(SendError, match="GPIO 17: cannot be switched") as caught:
                lamp.send(notification())
            assert (caught.value.certain, caught.value.permanent) == (True, False)
            assert "already in use" in str(caught.value)
    lamp.send(notification())  # the same one: it was not accepted before
    assert factory.pin(17).state == 1


def test_a_pin_that_fails_is_opened_anew_and_as_it_was(
    made: Callable[..., GpioSink], factory: Any, notification: Notify
) -> None:
    lamp, pin = made(), factory.pin(17)
    lamp.send(notification(incident="a", id="1"))
    broken = pin._change_state

    def fails(_value: bool) -> None:
        raise OSError("Remote I/O error")

    pin._change_state = fails
    with pytest.raises(SendError, match="Remote I/O error"):
        lamp.send(notification(incident="b", id="2"))
    assert pin.function == "input"
    pin._change_state = broken
    lamp.send(notification(kind="resolved", incident="c", id="3"))
    assert pin.state == 1
    lamp.send(notification(kind="resolved", incident="a", id="4"))
    assert pin.state == 0


def test_no_such_pin(made: Callable[..., GpioSink], notification: Notify) -> None:
    with pytest.raises(SendError, match="GPIO 99"):
        made(pin=99).send(notification())


def test_no_pins_here(
    made: Callable[..., GpioSink], notification: Notify, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(_self: Any = None) -> Any:
        raise gpiozero.BadPinFactory("Unable to load any default pin factory!")

    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
    monkeypatch.setattr(gpiozero.Device, "_default_pin_factory", none)
    with pytest.raises(SendError, match="no way to switch it") as caught:
        made().send(notification())
    assert INSTALL in str(caught.value)


def test_gpiozero_is_not_there(
    made: Callable[..., GpioSink], notification: Notify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    with pytest.raises(SendError, match="gpiozero") as caught:
        made().send(notification())
    assert INSTALL in str(caught.value)
