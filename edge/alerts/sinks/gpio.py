"""A lamp or a buzzer at a pin of the board, through gpiozero."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from edge.alerts.notification import Notification
from edge.alerts.sinks.base import SendError, SinkConfig
from edge.alerts.sinks.lamp import Lamp, Order
from edge.message import one_line

INSTALL = "apt install python3-gpiozero python3-lgpio"
# seconds on and off; one of each takes a second, which `seconds` counts on
RHYTHMS = {"blink": (0.5, 0.5), "beep": (0.1, 0.9)}
TEST_BLINK = 0.2  # seconds on and off, twice


@dataclass(frozen=True)
class GpioConfig(SinkConfig):
    """A lamp or a buzzer that is on while an alert is firing.

    Attributes:
        type: `gpio`.
        purposes: Which notifications it gets: `visitor`, `operator`.
        pin: Number of the GPIO by Broadcom's count, as `pinout` prints it.
        active_high: Whether a high pin switches it on; false for most relay boards.
        pattern: `on`, `blink` (half a second on, half off) or `beep` (a tenth on, nine off).
        seconds: After this many it goes off by itself; 0 for not until all alerts are resolved.
    """

    type: str = "gpio"
    purposes: tuple[str, ...] = ("visitor",)
    pin: int = 17
    active_high: bool = True
    pattern: str = "on"
    seconds: float = 0.0


BOUNDS = {"pin": (0, 27), "seconds": (0.0, 86400.0)}
CHOICES = {"pattern": ("on", *RHYTHMS)}


def make(name: str, config: GpioConfig, _device: str) -> GpioSink:
    """A lamp; its pin is taken at the first notification."""
    return GpioSink(name, config)


class GpioSink:
    """Switches the pin; accepted means switched."""

    def __init__(self, name: str, config: GpioConfig) -> None:
        self.name = name
        self._config = config
        self._lamp = Lamp()
        self._device: Any = None

    def send(self, notification: Notification) -> None:
        """Light the lamp, darken it or, for a test, blink twice.

        Raises:
            SendError: there is no such pin, or it cannot be had.
        """
        lamp, order = self._lamp.after(notification)
        try:
            self._obey(order, lamp)
        except Exception as error:  # each back-end of gpiozero raises its own
            self.close()
            raise SendError(self._told(error)) from error
        self._lamp = lamp

    def _obey(self, order: Order, lamp: Lamp) -> None:
        if self._device is None:
            self._device = self._open()
            if lamp.firing and order != "light":  # the device failed while it was lit
                self._light()
        if order == "light":
            self._light()
        elif order == "darken":
            self._device.off()
        elif order == "blink":
            self._test(lit=bool(lamp.firing) and not self._config.seconds)

    def _open(self) -> Any:
        from gpiozero import DigitalOutputDevice

        return DigitalOutputDevice(self._config.pin, active_high=self._config.active_high)

    def _light(self) -> None:
        """All that goes off again does so on gpiozero's own thread."""
        seconds, rhythm = self._config.seconds, RHYTHMS.get(self._config.pattern)
        if rhythm:
            self._device.blink(*rhythm, n=math.ceil(seconds) or None)
        elif seconds:
            self._device.blink(seconds, 0, n=1)
        else:
            self._device.on()

    def _test(self, lit: bool) -> None:
        """Blink, and go back to what it did."""
        self._device.blink(TEST_BLINK, TEST_BLINK, n=2, background=not lit)
        if lit:
            self._light()

    def _told(self, error: Exception) -> str:
        pin, reason = f"GPIO {self._config.pin}", one_line(str(error)) or type(error).__name__
        if isinstance(error, ImportError):  # gpiozero's own for 'no pins here' is one, too
            return f"{pin}: no way to switch it ({reason}); run {INSTALL}, on a board with pins"
        return (
            f"{pin}: cannot be switched ({reason}); see that no other program uses it and that "
            "this service may open /dev/gpiochip*"
        )

    def close(self) -> None:
        """Switch it off and give the pin back."""
        device, self._device = self._device, None
        if device is not None:
            _quietly(device.off)
            _quietly(device.close)


def _quietly(function: Callable[[], object]) -> None:
    """A pin that has failed cannot be switched off either; the next try opens it anew."""
    with suppress(Exception):
        function()
