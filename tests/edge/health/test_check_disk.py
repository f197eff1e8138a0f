"""What the doctor thinks of card and state folder."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.health.check_disk import MIB, card, root_file_system, state_folder


def verdicts(findings) -> dict[str, str]:
    return {one.check: str(one.verdict) for one in findings}


@pytest.fixture(params=["rw,size=4m", "rw,size=100m", "ro,size=1m"])
def mounted(request, tmp_path) -> Iterator[tuple[str, Path]]:
    """A small file system of its own."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    folder = tmp_path / "state"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", request.param, "tmpfs", folder]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this machine mounts nothing")
    yield request.param, folder
    subprocess.run(["umount", folder], check=True)


def test_a_small_full_or_read_only_file_system_is_told(mounted):
    options, folder = mounted
    verdict = {"rw,size=4m": "failed", "rw,size=100m": "warning", "ro,size=1m": "failed"}[options]
    found = list(state_folder(folder))
    assert verdicts(found)["disk"] == verdict
    assert found[0].advice
    told = verdicts(root_file_system(folder))
    assert told == ({"card": "warning"} if options.startswith("ro") else {})


def test_a_folder_that_is_not_there_yet_is_judged_by_where_it_will_be(tmp_path):
    if os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize < 200 * MIB:
        pytest.skip("this machine's disk is full")
    found = verdicts(state_folder(tmp_path / "a" / "b"))
    assert found == {"disk": "ok", "state folder": "ok"}
    assert not (tmp_path / "a").exists()


def test_a_folder_of_somebody_else_is_unknown_not_failed(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    found = list(state_folder(tmp_path))
    assert verdicts(found)["state folder"] == "unknown"
    assert "with sudo" in found[-1].advice


@pytest.mark.parametrize(
    ("log", "verdict"),
    [(None, "unknown"), ("", "ok"), ("EXT4-fs error (device mmcblk0p2): bad block\n", "failed")],
)
def test_card(log, verdict):
    (found,) = card(log)
    assert found.verdict == verdict
    assert bool(found.advice) or verdict != "failed"
