"""Startup measures a process of its own; its figures are told, not drawn."""

from __future__ import annotations

import pytest

from benchmarks import startup
from benchmarks.asking import NoAnswerError


def test_it_measures_the_service_from_start_to_first_frame() -> None:
    said: list[str] = []
    measured = startup.measure(1, said.append)
    assert measured["first_frame_s"] > 0
    assert 0 < measured["rss_mib"] <= measured["peak_mib"]
    assert len(said) == 1  # the first run only warms the disk's cache


def test_a_service_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "CHILD", "raise SystemExit('no interpreter for it is installed')")
    with pytest.raises(NoAnswerError, match="no interpreter for it is installed"):
        startup.measure(1, print)


def test_the_medians_are_told_and_compared() -> None:
    measured = {"runs": 3, "first_frame_s": 0.25, "rss_mib": 90.4, "peak_mib": 95.6}
    assert "0.25 s after start; 90 MiB RSS" in startup.as_text(measured)
    assert startup.as_text(measured).endswith("(medians of 3 runs)")
    assert startup.as_text(measured | {"runs": 1}).endswith("(one run)")
    figures = {figure.name: figure.value for figure in startup.figures(measured)}
    assert figures == {"first frame": 0.25, "RSS": 90.4, "peak RSS": 95.6}
    assert startup.charts(measured) == []
