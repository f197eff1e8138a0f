"""The installer, as far as it goes without installing anything; test_booted.py installs."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INSTALLER = ROOT / "systemd" / "install.sh"
OPTIONS = (
    *("--apt", "--picamera", "--gpio", "--apprise", "--instance", "--wheels"),
    *("--no-start", "--uninstall", "--purge"),
)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(INSTALLER), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_has_nothing_to_say() -> None:
    scripts = [INSTALLER, *sorted(INSTALLER.parent.glob("parts/*.sh"))]
    done = subprocess.run(
        ["shellcheck", "--external-sources", *map(str, scripts)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == ""


def test_help_names_every_option() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert set(re.findall(r"^  (--[a-z-]+)", done.stdout, re.MULTILINE)) == set(OPTIONS)
    assert "set -euo" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--nonsense"], "unknown option --nonsense; see "),
        (["--purge"], "--purge only goes with --uninstall"),
        (["--instance"], "--instance needs a value; see "),
        (["--instance", "../etc"], "--instance ../etc: letters, digits, - and _ only"),
        (["--instance", "config"], "--instance config: letters"),
        (["--wheels", "/there/is/none"], "--wheels: there is no such folder"),
    ],
)
def test_a_wrong_option_is_one_line(arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert done.returncode == 1
    assert done.stderr.startswith(f"install.sh: error: {said}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["bookworm", "trixie"])
def test_pins_fit_what_the_package_asks_for(name: str) -> None:
    """Every dependency of a device is pinned, and nothing is pinned that does not fit."""
    packaging = pytest.importorskip("packaging.requirements")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]
    wanted = [*project["dependencies"], *optional["mqtt"], *optional["metrics"]]
    lines = (ROOT / "systemd" / f"constraints-{name}.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    pins = {key.replace("_", "-"): version for key, version in pins.items()}
    for requirement in map(packaging.Requirement, wanted):
        assert requirement.specifier.contains(pins[requirement.name]), requirement


def test_picamera_gets_the_numpy_it_was_compiled_for() -> None:
    pins = (ROOT / "systemd" / "constraints-bookworm.txt").read_text()
    assert "\nnumpy==1." in pins
