"""Checks run side by side, and one that hangs or breaks costs the others nothing."""

from __future__ import annotations

import threading

import pytest

from edge.errors import CameraError
from edge.health.examine import examine
from edge.health.finding import Check, Verdict, ok


def fine(name: str) -> Check:
    return Check(name, lambda: [ok(name, "good"), ok(name, "very good")])


def raising(name: str, error: BaseException) -> Check:
    def look():
        yield ok(name, "so far")
        raise error

    return Check(name, look)


def test_findings_come_in_the_order_of_the_checks():
    gate = threading.Event()

    def slow():
        assert gate.wait(20)
        return [ok("slow", "good")]

    def fast():
        gate.set()
        return [ok("fast", "good")]

    found = list(examine([Check("slow", slow), Check("fast", fast)]))
    assert [one.check for one in found] == ["slow", "fast"], "and they ran side by side"


def test_one_that_hangs_is_left_behind_and_named():
    gate = threading.Event()
    try:
        found = list(examine([Check("stuck", lambda: gate.wait(20) and []), fine("b")], 0.05))
    finally:
        gate.set()
    assert [(one.check, one.verdict) for one in found] == [
        ("stuck", Verdict.UNKNOWN),
        ("b", Verdict.OK),
        ("b", Verdict.OK),
    ]
    assert "no answer in 0.05 s" in found[0].told


def test_an_error_on_purpose_is_a_failure_with_its_advice():
    (found,) = examine([raising("a", CameraError("camera 0: gone; plug it in"))])
    assert (found.verdict, found.told, found.advice) == (
        Verdict.FAILED,
        "camera 0: gone",
        "plug it in",
    )


@pytest.mark.parametrize(
    "error", [ZeroDivisionError(), TimeoutError("late"), SystemExit(3), KeyError("x")], ids=repr
)
def test_any_other_is_the_checks_own_fault(error):
    found = list(examine([raising("a", error), fine("b")]))
    assert [one.verdict for one in found] == [Verdict.UNKNOWN, Verdict.OK, Verdict.OK]
    assert type(error).__name__ in found[0].told
    assert "report it" in found[0].advice
