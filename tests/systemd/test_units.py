"""The units, as systemd's own tools judge them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[2] / "systemd"
UNITS = ("edge-run.service", "edge-run@.service")
DROP_INS = [path.stem for path in sorted(SYSTEMD.glob("drop-ins/*.conf"))]
FOR_UNITS = [name for name in DROP_INS if name != "hardware-watchdog"]
SCORE = 13  # tenths; a service may at most be exposed so much

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


def analyze(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:", "LC_ALL": "C.UTF-8"},
    )


def version() -> int:
    return int(analyze("--version").stdout.split()[1])


def keys(unit: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (SYSTEMD / unit).read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, value = line.split("=", 1)
            found.setdefault(key, []).append(value)
    return found


@pytest.fixture
def runnable(tmp_path: Path) -> Path:
    """The units, with a command that is there in place of the installed one."""
    for unit in UNITS:
        text = (SYSTEMD / unit).read_text()
        text = text.replace("/opt/edge-emotion/venv/bin/edge-run", "/bin/true")
        # of the system that runs it, not of the one that verifies
        (tmp_path / unit).write_text(re.sub(r"file:///\S+", "man:systemd(1)", text))
    return tmp_path


@needs_systemd
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_understands_the_unit(runnable: Path, unit: str) -> None:
    instance = unit.replace("@", "@door")
    if instance != unit:
        shutil.copy(runnable / unit, runnable / instance)
    done = analyze("verify", str(runnable / instance), folder=runnable)
    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
def test_a_misspelt_key_would_be_seen(runnable: Path) -> None:
    unit = runnable / UNITS[0]
    unit.write_text(unit.read_text().replace("PrivateTmp=", "PrivatTmp="))
    assert "PrivatTmp" in analyze("verify", str(unit), folder=runnable).stderr


@needs_systemd
@pytest.mark.parametrize("name", FOR_UNITS)
def test_systemd_understands_the_drop_in(runnable: Path, name: str) -> None:
    if name == "trixie" and version() < 254:
        pytest.skip(f"systemd {version()} does not know RestartSteps")
    folder = runnable / f"{UNITS[0]}.d"
    folder.mkdir()
    shutil.copy(SYSTEMD / "drop-ins" / f"{name}.conf", folder)
    done = analyze("verify", str(runnable / UNITS[0]), folder=runnable)
    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("unit", UNITS)
def test_little_is_exposed(unit: str) -> None:
    done = analyze("security", "--offline=yes", f"--threshold={SCORE}", str(SYSTEMD / unit))
    assert done.returncode == 0, done.stdout


@needs_systemd
def test_a_wide_open_service_would_not_pass(tmp_path: Path) -> None:
    unit = tmp_path / "open.service"
    unit.write_text("[Service]\nExecStart=/bin/true\n")
    assert analyze("security", "--offline=yes", f"--threshold={SCORE}", str(unit)).returncode


def test_instances_differ_only_where_they_must() -> None:
    one, many = keys(UNITS[0]), keys(UNITS[1])
    assert many["ExecStart"] == [one["ExecStart"][0].replace("/config.toml", "/%i.toml")]
    assert many["StateDirectory"] == [f"{one['StateDirectory'][0]}-%i"]
    assert many["Description"] == [f"{one['Description'][0]}, camera %i"]
    assert many["NoExecPaths"] == [one["NoExecPaths"][0].replace("/edge-run", "/edge-run-%i")]
    different = {"ExecStart", "StateDirectory", "Description", "NoExecPaths"}
    assert {key: one[key] for key in one.keys() - different} == {
        key: many[key] for key in many.keys() - different
    }


def test_instances_give_the_same_reasons() -> None:
    """Below the head, comments and order agree, too."""
    one, many = ((SYSTEMD / unit).read_text().partition("[Unit]")[2].splitlines() for unit in UNITS)
    assert len(one) == len(many)
    assert sum(mine != theirs for mine, theirs in zip(one, many, strict=True)) == 4


def test_a_restart_is_never_given_up() -> None:
    unit = keys(UNITS[0])
    assert unit["Restart"] == ["always"]
    assert unit["StartLimitIntervalSec"] == ["0"]
    assert unit["RestartPreventExitStatus"] == ["78"]


def test_a_hung_process_leaves_no_picture_behind() -> None:
    unit = keys(UNITS[0])
    assert unit["LimitCORE"] == ["0"]
    assert unit["MemorySwapMax"] == ["0"]


@pytest.mark.parametrize("name", DROP_INS)
def test_each_drop_in_says_why(name: str) -> None:
    assert (SYSTEMD / "drop-ins" / f"{name}.conf").read_text().startswith("# ")
