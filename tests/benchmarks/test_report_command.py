"""`edge-bench report`: measuring all that can be measured, and the command's refusals."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.cli import main
from benchmarks.registry import BENCHMARKS
from benchmarks.report import run_all as run_module
from benchmarks.report.needs import MissingPackageError, check_installed
from benchmarks.report.run_all import run_all
from benchmarks.result_file import read, write
from edge.errors import DataError, OutputError

RECORDED = Path(__file__).parent / "recorded"


def quiet(_line: str) -> None:
    """For `say`."""


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """A result, of whichever benchmark."""
    return read(RECORDED / "startup.json")


class Started:
    """Stands for the commands: writes a result, or ends with a code."""

    def __init__(self, told: dict[str, Any], codes: dict[str, int]) -> None:
        self.told, self.codes = told, codes
        self.calls: dict[str, list[str]] = {}

    def __call__(self, arguments: list[str]) -> int:
        name, out = arguments[0], Path(arguments[-1])
        self.calls[name] = arguments[1:-2]
        if self.codes.get(name, 0) != 69:
            write(out, self.told | {"benchmark": name})
        return self.codes.get(name, 0)


LINGERING = """
import signal, sys, time, pathlib
def end(*_):
    time.sleep(0.6)  # longer than subprocess.run lets a child live
    pathlib.Path(sys.argv[1], "ended").touch()
    sys.exit(130)
signal.signal(signal.SIGINT, end)
pathlib.Path(sys.argv[1], "begun").touch()
time.sleep(60)
"""


def test_an_interrupted_command_ends_what_it_has_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait, asked = subprocess.Popen.wait, []

    def interrupted(child: Any, timeout: float | None = None) -> int:
        asked.append(timeout)
        if len(asked) == 1:
            while not (tmp_path / "begun").exists():
                assert child.poll() is None
            raise KeyboardInterrupt
        return int(wait(child, timeout))

    monkeypatch.setattr(subprocess.Popen, "wait", interrupted)
    monkeypatch.setattr(run_module, "HEARD", 0.1)
    with pytest.raises(KeyboardInterrupt):
        run_module.wait_for([sys.executable, "-c", LINGERING, str(tmp_path)])
    assert (tmp_path / "ended").exists()


def test_a_command_that_will_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(60)"
    wait = subprocess.Popen.wait
    children: list[Any] = []

    def interrupted(child: Any, timeout: float | None = None) -> int:
        if not children:
            children.append(child)
            raise KeyboardInterrupt
        return int(wait(child, timeout))

    monkeypatch.setattr(subprocess.Popen, "wait", interrupted)
    monkeypatch.setattr(run_module, "HEARD", 0.1)
    monkeypatch.setattr(run_module, "GRACE", 0.0)
    with pytest.raises(KeyboardInterrupt):
        run_module.wait_for([sys.executable, "-c", deaf])
    assert children[0].poll() == -signal.SIGKILL


def test_everything_that_can_run_runs(told: dict[str, Any], tmp_path: Path) -> None:
    start = Started(told, {"soak": 70, "energy": 69})
    said: list[str] = []
    paths, left_out = run_all(tmp_path / "new", None, True, said.append, start)
    assert list(start.calls) == ["latency", "peers", "startup", "soak", "energy"]
    assert start.calls["startup"] == ["--runs", "2"]
    # a soak that found growth has a result, too
    assert [path.name for path in paths] == [f"{n}.json" for n in list(start.calls)[:-1]]
    assert [line.partition(":")[0] for line in left_out] == [
        "accuracy",
        "alerts",
        "faults",
        "architectures",
        "energy",
    ]
    assert said[0] == "1 of 5: latency ..."
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(
        path.name for path in paths
    )


def test_with_data_accuracy_is_measured(told: dict[str, Any], tmp_path: Path) -> None:
    start = Started(told, {})
    _, left_out = run_all(tmp_path, Path("there"), False, quiet, start)
    assert start.calls["accuracy"] == ["--end-to-end", "--robustness", "--data", "there"]
    assert start.calls["startup"] == []
    assert [line.partition(":")[0] for line in left_out] == ["faults", "architectures"]


def test_a_failure_leaves_the_earlier_result(told: dict[str, Any], tmp_path: Path) -> None:
    run_all(tmp_path, None, True, quiet, Started(told, {}))
    before = (tmp_path / "latency.json").read_bytes()
    paths, left_out = run_all(tmp_path, None, True, quiet, Started(told, {"latency": 69}))
    assert (tmp_path / "latency.json").read_bytes() == before
    assert tmp_path / "latency.json" not in paths
    assert left_out[-1] == "latency: ended with 69; edge-bench latency says why"


def test_nothing_measured_is_an_error(told: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing could be measured"):
        run_all(tmp_path, None, True, quiet, Started(told, dict.fromkeys(BENCHMARKS, 69)))


def test_a_folder_that_cannot_be_made_is_refused_first(
    told: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    start = Started(told, {})
    with pytest.raises(OutputError, match="cannot be written"):
        run_all(tmp_path / "file" / "new", None, True, quiet, start)
    assert start.calls == {}


def test_a_command_runs_in_a_process_of_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_module.in_a_process(["startup", "--runs", "0"]) == 64
    assert "--runs 0: must be at least 1" in capfd.readouterr().err


# -- the command


def test_the_command_measures_and_makes_the_page(
    told: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = {name: BENCHMARKS[name] for name in ("accuracy", "startup", "energy")}
    monkeypatch.setattr(run_module, "BENCHMARKS", chosen)
    start = Started(told, {"energy": 69})
    monkeypatch.setattr(run_module, "in_a_process", start)
    assert main(["report", "--run", "--quick", "--out", str(tmp_path / "out")]) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "report.html",
        "report.md",
        "startup.json",
    ]
    text = (tmp_path / "out" / "report.html").read_text()
    assert "accuracy: needs FER-2013" in text
    assert "energy: ended with 69" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no results: name those that --out kept, or measure with --run"),
        (["--run", "a.json"], "--run measures anew: give it no results"),
        (["a.json", "--quick"], "--quick and --data go with --run"),
        (["a.json", "--data", "there"], "--quick and --data go with --run"),
    ],
)
def test_flags_that_do_not_fit_are_refused(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", *arguments, "--out", str(tmp_path / "page.html")]) == 64
    assert capsys.readouterr().err == f"edge-bench: error: {message}\n"


def test_a_page_is_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(RECORDED / "startup.json"), "--out", str(tmp_path)]) == 64
    assert "is a folder; name the page" in capsys.readouterr().err


def test_a_file_that_is_no_result_leaves_no_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.json").write_text("{}")
    out = tmp_path / "page.html"
    assert main(["report", str(tmp_path / "bad.json"), "--out", str(out)]) == 65
    assert "bad.json: is no result of edge-bench" in capsys.readouterr().err
    assert not out.exists()


def test_without_the_extra_it_says_so_before_measuring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = importlib.util.find_spec
    monkeypatch.setattr(
        "benchmarks.report.needs.find_spec",
        lambda name: None if name == "matplotlib" else known(name),
    )
    with pytest.raises(MissingPackageError):
        check_installed()
    assert main(["report", "--run", "--out", str(tmp_path / "new")]) == 69
    said = capsys.readouterr().err
    assert said.startswith("edge-bench: error: matplotlib not installed; ")
    assert "'.[bench]'" in said
    assert not (tmp_path / "new").exists()


def test_a_page_does_not_take_a_devices_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert main(["report", str(RECORDED / "startup.json"), "--out", str(pipe)]) == 64
    assert "is no ordinary file" in capsys.readouterr().err
    assert pipe.is_fifo()
