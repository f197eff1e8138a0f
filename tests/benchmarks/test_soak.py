"""The soak watches real processes: the service, and doubles that leak, die or hang on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import soak
from benchmarks.cli import main
from benchmarks.soak.child import command
from benchmarks.soak.process import cpu_ticks, number, read
from benchmarks.soak.running import Child, ChildError

QUICK = soak.Plan(seconds=4.0)

# speaks as the service does, an hour of watching in each window
DOUBLE = """
import hashlib, json, sys
leak, kept = sys.argv[1], []
for hour in range(1, 31):
    if leak == "memory":
        kept.append(b"x" * 2_000_000)
    elif leak == "files":
        kept.append(open("/dev/null"))
    # time in which the one outside can look
    hashlib.pbkdf2_hmac("sha256", b"", b"", 60_000)
    told = {"event": "window", "frames": 36000, "missed": 0, "seconds": 3600 * hour,
            "p50_ms": 2.0, "p99_ms": 5.0, "cpu_s": hour, "camera_cpu_s": 0}
    print(json.dumps(told), flush=True)
print("this is chatter")
print(json.dumps({"event": "ended", "why": "the play is over", "frames": 30 * 36000, "dropped": 7,
                  "seconds": 3600 * 30, "held_back": 5041, "alerts": 359}))
"""


def double(leak: str = "none") -> list[str]:
    return [sys.executable, "-c", DOUBLE, leak]


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.fixture(scope="module")
def real() -> dict[str, Any]:
    return soak.measure(QUICK)


def test_the_real_service_is_watched_from_outside_and_inside(real: dict[str, Any]) -> None:
    series = real["series"]
    assert real["frames"] > 10
    assert len(set(map(len, series.values()))) == 1
    assert len(series["hours"]) >= 3
    for key in ("rss_mib", "files", "threads", "frames", "p50_ms"):
        assert min(series[key]) > 0, key
    assert all(low <= high for low, high in zip(series["p50_ms"], series["p99_ms"], strict=True))
    assert series["threads"][0] >= 2  # the camera's is one of them
    assert sum(series["cpu_percent"]) > sum(series["watching_cpu_percent"]) > 0
    assert real["why"] == "the time is up"
    assert real["alerts"]["expected"] == [0, 0]


def test_what_was_measured_can_be_kept_and_drawn(real: dict[str, Any]) -> None:
    kept = json.loads(json.dumps(real))
    names = [figure.name for figure in soak.figures(kept)]
    assert len(set(names)) == len(names)
    assert {"RSS", "CPU", "p99 of a frame", "dropped"} <= set(names)
    assert len(soak.charts(kept)) == 4
    for chart in soak.charts(kept):
        assert chart.series
        assert all(len(line.x) == len(line.y) for line in chart.series)
    assert "camera's pace" in soak.as_text(kept)


def test_at_full_speed_it_ends_after_so_many_frames() -> None:
    measured = soak.measure(soak.Plan(seconds=60.0, pace="off", frames=150))
    assert measured["frames"] == 150
    assert measured["seconds"] == pytest.approx(14.9)
    assert measured["alerts"]["expected"] == [1, 1]
    assert (measured["raised"], measured["alerts"]["verdict"]) == (1, "")


@pytest.mark.parametrize(
    ("leak", "told"), [("none", ""), ("memory", "RSS: "), ("files", "open files: ")]
)
def test_a_leaking_process_is_caught(leak: str, told: str) -> None:
    measured = soak.measure(QUICK, command=double(leak))
    # the double raises nothing: only growth is looked at here
    found = [line for line in measured["grew"] if " alerts where " not in line]
    assert len(found) == bool(told)
    assert all(line.startswith(told) for line in found)
    if leak == "memory":
        assert measured["slopes"]["rss_mib"]["value"] == pytest.approx(2_000_000 / 2**20, rel=0.1)
    if leak == "files":
        assert measured["slopes"]["files"]["value"] == pytest.approx(1.0)
    assert (measured["frames"], measured["dropped"]["verdict"]) == (30 * 36000, "steady")


def test_a_process_that_dies_is_an_error_with_its_last_words() -> None:
    script = "import sys; print('{\"event\": \"started\"}'); sys.exit('no camera\\n\\nat all')"
    with pytest.raises(ChildError, match=r"exit code 1\): at all"):
        soak.measure(QUICK, command=[sys.executable, "-c", script])


def test_a_camera_that_cannot_be_opened_is_told() -> None:
    with pytest.raises(ChildError, match=r"exit code 78.*no such scene"):
        soak.measure(QUICK, command=command(camera="demo:nobody"))


def test_a_process_that_says_nothing_is_not_waited_for() -> None:
    with (
        pytest.raises(ChildError, match=r"nothing for 0\.1 s"),
        Child([sys.executable, "-c", "import signal; signal.pause()"]) as child,
    ):
        list(child.events(patience=0.1))
    assert gone(child.pid)


def test_a_process_that_ignores_the_signal_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.soak.running.GRACE", 0.1)
    deaf = (
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); "
        "print('{}', flush=True); signal.pause()"
    )
    with Child([sys.executable, "-c", deaf]) as child:
        assert next(child.events()) == {}
    assert gone(child.pid)


def test_ctrl_c_prints_what_there_is_and_leaves_nobody_behind(tmp_path: Path) -> None:
    out = tmp_path / "soak.json"
    code = (
        "import sys; from benchmarks.cli import main; "
        f"sys.exit(main(['soak', '--minutes', '5', '--out', {str(out)!r}]))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    _until_it_has_a_child(parent.pid)
    parent.send_signal(signal.SIGINT)
    said, _ = parent.communicate(timeout=60)
    assert parent.returncode == 130
    assert "The service on `demo:`" in said
    assert json.loads(out.read_text())["measured"]["interrupted"]


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--minutes", "0"], "--minutes"),
        (["--minutes", "inf"], "--minutes"),
        (["--minutes", "nan"], "--minutes"),
        (["--frames", "0"], "--frames"),
        (["--max-rss", "-1"], "--max-rss"),
        (["--max-p99", "nan"], "--max-p99"),
    ],
)
def test_bad_flags_cost_one_line(
    flags: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["soak", *flags]) == 64
    assert told in capsys.readouterr().err


def test_growth_is_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], real: dict[str, Any]
) -> None:
    monkeypatch.setattr(soak, "measure", lambda *_: real | {"grew": ["RSS: 9 MiB more an hour"]})
    assert main(["soak"]) == 70
    told = capsys.readouterr()
    assert "**Failed:** RSS: 9 MiB" in told.out
    assert told.err.endswith("edge-bench: error: RSS: 9 MiB more an hour\n")


def test_this_process_is_read() -> None:
    with Path(os.devnull).open() as first:
        before = read(os.getpid())
        with Path(os.devnull).open():
            after = read(os.getpid())
    assert first.closed
    assert before is not None
    assert after is not None
    assert after.files == before.files + 1
    assert after.cpu_s >= before.cpu_s > 0
    assert after.switches >= before.switches > 0


def test_a_pi_s_proc_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "71"
    (folder / "fd").mkdir(parents=True)
    for name in "012":
        (folder / "fd" / name).touch()
    (folder / "status").write_text("Name:\tedge-run\nVmRSS:\t   92160 kB\nThreads:\t5\n")
    # the name is whatever the process calls itself
    (folder / "stat").write_text("71 (a) b (c) S 1 71 71 0 -1 4194560 9 0 0 0 250 50 0 0 20 0 5 0")
    found = read(71, tmp_path)
    assert found is not None
    assert (found.rss_mib, found.files, found.threads, found.cpu_s) == (90.0, 3, 5, 3.0)
    assert (found.pss_mib, found.written_mib, found.switches) == (None, None, 0)
    (folder / "smaps_rollup").write_text("0-1 ---p 0 00:00 0  [rollup]\nRss: 9 kB\nPss: 51200 kB\n")
    (folder / "io").write_text("rchar: 5\nwrite_bytes: 1048576\ncancelled_write_bytes: 4096\n")
    found = read(71, tmp_path)
    assert found is not None
    assert (found.pss_mib, found.written_mib) == (50.0, 1.0)


@pytest.mark.parametrize("stat", ["", "71 (edge-run)", "71 (x) S 1 2 3", "71 (x) S" + " x" * 20])
def test_half_a_line_is_no_process(stat: str, tmp_path: Path) -> None:
    assert cpu_ticks(stat) is None
    assert read(71, tmp_path) is None
    assert number("VmRSS: many kB", "VmRSS") is None


def _until_it_has_a_child(pid: int) -> None:
    """Waits for output of the measured process, by what it has spent."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    for _ in range(10_000_000):
        for child in children.read_text().split():
            seen = read(int(child))
            if seen is not None and seen.cpu_s > 0.3:
                return
    pytest.fail("it never started the service")
