"""The benchmarks measure; these tests only see that what they measure is the real thing."""

from __future__ import annotations

import pytest

from benchmarks import startup
from benchmarks.cli import main


def quiet(_line: str) -> None:
    pass


def test_startup_measures_a_process_of_its_own() -> None:
    measured = startup.measure(1, quiet)
    assert measured["first_frame_s"] > 0
    assert 0 < measured["rss_mib"] <= measured["peak_mib"]
    assert "first frame" in startup.as_text(measured)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        pytest.param(["startup", "--runs", "-1"], 64, "--runs", id="no runs"),
    ],
)
def test_bad_arguments_cost_one_line(
    arguments: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == code
    error = capsys.readouterr().err
    assert error.count("edge-bench: error: ") == 1
    assert told in error
