"""Ending on a signal: real signals to this process."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from edge.signals import Stop, stopped_by_signals

# a signal every 50 microseconds, in the middle of whatever waiting does
STORM = """
import signal
from edge.signals import Stop
stop, number = Stop(), 0
signal.signal(signal.SIGALRM, lambda *_: stop.ask("told"))
signal.setitimer(signal.ITIMER_REAL, 5e-5, 5e-5)
while number < 100_000:
    number += stop.wait(1e-6)
signal.setitimer(signal.ITIMER_REAL, 0)
"""


def test_the_first_reason_is_kept_and_the_wish_stays() -> None:
    stop = Stop()
    assert not stop.asked
    assert not stop.wait(0)
    stop.ask("first")
    stop.ask("second")
    assert (stop.asked, stop.wait(0), stop.wait(0), stop.why) == (True, True, True, "first")


def test_a_signal_at_any_moment_of_waiting_blocks_nobody() -> None:
    subprocess.run([sys.executable, "-c", STORM], timeout=60, check=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_each_way_to_be_told_is_an_end_on_purpose(number: signal.Signals) -> None:
    started_with = signal.signal(number, signal.SIG_DFL)  # the tests may run under nohup
    try:
        stop = Stop()
        with stopped_by_signals(stop.ask):
            signal.raise_signal(number)
            assert stop.wait(10)
        assert stop.why == f"stopped by {number.name}"
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, started_with)


def test_after_nohup_the_terminal_may_close() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        stop = Stop()
        with stopped_by_signals(stop.ask):
            signal.raise_signal(signal.SIGHUP)
        assert not stop.asked
    finally:
        signal.signal(signal.SIGHUP, before)
