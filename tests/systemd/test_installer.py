"""The installer, as far as it goes without installing anything; test_booted.py installs."""

from __future__ import annotations

import os
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
        (["--instance", "--purge"], "--instance --purge: letters"),
        (["--instance", "x" * 64], f"--instance {'x' * 64}: letters"),
        (["--wheels", "/there/is/none"], "--wheels: there is no such folder"),
    ],
)
def test_a_wrong_option_is_one_line(arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert done.returncode == 1
    assert done.stderr.startswith(f"install.sh: error: {said}")
    assert done.stderr.count("\n") == 1


def part(name: str, folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run lines that use the functions of one part, on a folder that stands for the machine."""
    head = f"""
        set -euo pipefail
        die() {{ printf '%s\n' "$*" >&2; exit 1; }}
        say() {{ printf '%s\n' "$*"; }}
        CHECKOUT={ROOT} HOME_DIR={folder} RELEASES={folder}/releases CURRENT={folder}/venv
        CONFIG_DIR={folder}/etc UNITS={folder}/units STARTED={folder}/started instance=''
        PYTHON=/usr/bin/python3
        source {ROOT}/systemd/parts/{name}.sh
    """
    return subprocess.run(
        ["bash", "-c", head + script], capture_output=True, text=True, timeout=60, check=False
    )


def test_what_an_interrupted_run_left_goes_and_what_is_used_stays(tmp_path: Path) -> None:
    for name in ("current", "half", "half.source", "runs"):
        (tmp_path / "releases" / name / "bin").mkdir(parents=True)
    (tmp_path / "venv").symlink_to(tmp_path / "releases" / "current")
    script = """
        cp "$(command -v cat)" "$RELEASES/runs/bin/python"
        exec 3> >("$RELEASES/runs/bin/python" >"$HOME_DIR/heard")
        echo begun >&3
        until grep -qs begun "$HOME_DIR/heard"; do :; done
        remove_other_releases
        ls "$RELEASES"
    """
    assert part("release", tmp_path, script).stdout.split() == ["current", "runs"]


def test_two_runs_do_not_meet(tmp_path: Path) -> None:
    done = part("machine", tmp_path, "only_one; (exec 9>&-; only_one)")
    assert done.returncode == 1
    assert done.stderr == "another install.sh is at work; wait for its end\n"


def test_a_name_from_the_path_is_a_python(tmp_path: Path) -> None:
    python = tmp_path / "python3"
    python.write_text("#!/bin/sh\necho 311\n")
    python.chmod(0o755)
    script = f"PATH={tmp_path}:$PATH PYTHON=python3; check_python; say $PYTHON"
    assert part("machine", tmp_path, script).stdout == f"{python}\n"


@pytest.mark.parametrize(
    ("version", "place", "said"),
    [(310, "/usr/bin/python3", "too old"), (311, "/home/me/bin/python3", "in a home folder")],
)
def test_a_python_that_does_not_do(tmp_path: Path, version: int, place: str, said: str) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\ncase $* in *version*) echo {version};; *) echo {place};; esac\n")
    python.chmod(0o755)
    done = part("machine", tmp_path, f"PYTHON={python}; check_python")
    assert done.returncode == 1
    assert said in done.stderr


def test_the_first_camera_avoids_the_port_of_an_instance(tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    folder.mkdir()
    assert part("configuration", tmp_path, "default_config").stdout == (
        ROOT / "systemd" / "config.toml"
    ).read_text(encoding="utf-8")
    (folder / "door.toml").write_text('[health]\nlisten = "127.0.0.1:9464"\n')
    made = part("configuration", tmp_path, "default_config").stdout
    assert tomllib.loads(made)["health"] == {"listen": "127.0.0.1:9465"}


def test_an_instance_is_told_of_its_own_places(tmp_path: Path) -> None:
    made = part("configuration", tmp_path, "instance=door; default_config").stdout
    assert "/var/lib/edge-run/" not in made
    assert '#path = "/var/lib/edge-run-door/alerts.jsonl"' in made
    assert "edge-run/config.toml" not in made
    assert "systemctl restart edge-run@door\n" in made
    assert tomllib.loads(made)["outbox"] == {"path": "/var/lib/edge-run-door/outbox.sqlite3"}


def test_a_masked_unit_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "units").mkdir()
    assert part("service", tmp_path, "refuse_masked").returncode == 0
    (tmp_path / "units" / "edge-run.service").symlink_to("/dev/null")
    done = part("service", tmp_path, "refuse_masked")
    assert done.returncode == 1
    assert "sudo systemctl unmask edge-run.service" in done.stderr


def test_a_checkout_is_not_removed_by_its_own_installer(tmp_path: Path) -> None:
    """Somebody clones into the folder that --uninstall removes."""
    text = INSTALLER.read_text(encoding="utf-8")
    (tmp_path / "co" / "systemd").mkdir(parents=True)
    copy = tmp_path / "co" / "systemd" / "install.sh"
    copy.write_text(text.replace("HOME_DIR=/opt/edge-emotion", f"HOME_DIR={tmp_path}"))
    shutil.copytree(INSTALLER.parent / "parts", copy.parent / "parts")
    done = subprocess.run(
        ["bash", str(copy), "--uninstall", "--instance", "none"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "move the checkout elsewhere" in done.stderr or os.geteuid()


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
