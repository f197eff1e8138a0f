"""Why a device that is there cannot be opened."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge.camera.refusal import why


def test_the_program_that_holds_it_is_named(tmp_path):
    node = tmp_path / "video0"
    node.touch()
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; f = open(sys.argv[1]); print(1, flush=True); input()",
            node,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout.readline() == b"1\n"
        said = why(node)
    finally:
        holder.communicate(b"\n", timeout=30)
    assert f"{node}: is in use by python" in said
    assert f"(process {holder.pid}); end that program" in said
    assert why(node) == ""


def test_this_process_is_not_its_own_rival(tmp_path):
    node = tmp_path / "video0"
    with node.open("w"):
        assert why(node) == ""


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_a_missing_right_is_told(tmp_path):
    node = tmp_path / "video0"
    node.touch(mode=0o000)
    assert "add the user to the group 'video'" in why(node)


def test_a_missing_right_is_told_whoever_runs_this(tmp_path, monkeypatch):
    node = tmp_path / "video0"
    node.touch()
    monkeypatch.setattr(os, "access", lambda path, mode: (path, mode) != (node, os.R_OK | os.W_OK))
    assert why(node) == f"{node}: this user may not open it; add the user to the group 'video'"


def test_names_that_drive_a_terminal_are_not_shown(tmp_path):
    node = tmp_path / "video0"
    node.touch()
    process = tmp_path / "proc" / "77"
    (process / "fd").mkdir(parents=True)
    (process / "fd" / "3").symlink_to(node)
    (process / "comm").write_text("\x1b[2J\n")
    assert "in use by a program (process 77)" in why(node, tmp_path / "proc")


def test_nothing_found_is_nothing_said(tmp_path):
    (tmp_path / "video0").touch()
    assert why(tmp_path / "video0", Path(tmp_path / "none")) == ""
