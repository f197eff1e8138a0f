"""How findings are shown: aligned, on one line each, without passwords."""

from __future__ import annotations

from edge.health.finding import Verdict, failed, ok, refused, summary, table, unknown, warning

ALL = [
    ok("python", "3.11"),
    warning("clock", "not synchronised", "set it"),
    failed("camera", "rtsp://u:secret@host: gone\n", "plug it in"),
    unknown("power", "not told"),
]


def test_the_table_is_aligned_and_a_failure_stands_out():
    assert table(ALL).splitlines() == [
        "ok        python  3.11",
        "warning   clock   not synchronised",
        "                  -> set it",
        "FAILED    camera  rtsp://u:***@host: gone\\n",
        "                  -> plug it in",
        "unknown   power   not told",
    ]
    assert table([]) == ""


def test_the_summary_counts_what_matters_first():
    assert summary(ALL) == "1 failed, 1 warning, 1 unknown, 1 ok"
    assert summary(ALL[:2] * 2) == "2 warnings, 2 ok"


def test_json_has_the_same_without_passwords():
    assert ALL[2].as_json() == {
        "check": "camera",
        "verdict": "failed",
        "told": "rtsp://u:***@host: gone\\n",
        "advice": "plug it in",
    }


def test_the_advice_of_an_error_is_its_last_part():
    found = refused("model", "x: is missing; no card; reinstall it", "other")
    assert (found.verdict, found.told, found.advice) == (
        Verdict.FAILED,
        "x: is missing; no card",
        "reinstall it",
    )
    assert refused("model", "is missing", "reinstall").advice == "reinstall"
