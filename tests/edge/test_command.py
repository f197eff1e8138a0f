"""One line for an error, the right exit code, and nothing that drives the terminal."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge.command import parser, run_command
from edge.errors import (
    CameraError,
    ConfigError,
    EdgeError,
    ModelError,
    OutputError,
    PictureError,
    PictureNotFoundError,
    UsageError,
)
from edge.message import one_line
from edge.quiet import native_stderr_discarded


def command(outcome: object) -> argparse.ArgumentParser:
    def run_it(_arguments: argparse.Namespace) -> int:
        if isinstance(outcome, BaseException):
            raise outcome
        assert isinstance(outcome, int)
        return outcome

    made = parser("edge-test", "A command.")
    made.set_defaults(run_it=run_it)
    return made


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("what"), 64),
        (PictureError("what"), 65),
        (PictureNotFoundError("what"), 66),
        (CameraError("what"), 69),
        (EdgeError("what"), 70),
        (OutputError("what"), 73),
        (ConfigError("what"), 78),
        (ModelError("what"), 78),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_an_error_is_one_line_and_its_code(error, code, capsys):
    assert run_command(command(error), []) == code
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "edge-test: error: what\n")


def test_a_command_hands_its_code_through(capsys):
    assert run_command(command(66), []) == 66
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("error", [RuntimeError("deep down"), KeyError(), MemoryError()], ids=repr)
def test_a_bug_is_one_line_that_asks_for_a_report(error, capsys):
    assert run_command(command(error), []) == 70
    told = capsys.readouterr().err
    assert told.startswith(f"edge-test: error: {type(error).__name__}")
    assert "--debug" in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("error", [CameraError("gone"), RuntimeError("deep down")], ids=repr)
def test_debug_shows_where_it_came_from(error):
    with pytest.raises(type(error)):
        run_command(command(error), ["--debug"])


def test_ctrl_c_ends_without_a_word(capsys):
    assert run_command(command(KeyboardInterrupt()), []) == 130
    assert capsys.readouterr().err == ""


def test_a_wrong_flag_is_one_line_that_names_it_and_the_help(capsys):
    with pytest.raises(SystemExit) as ended:
        run_command(command(0), ["--no-such-flag"])
    assert ended.value.code == 64
    told = capsys.readouterr().err
    assert told == (
        "edge-test: error: unrecognized arguments: --no-such-flag; see edge-test --help\n"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("photo one.jpg", "photo one.jpg"),
        ("Größe-猫.jpg", "Größe-猫.jpg"),
        ("a\nb.jpg", "a\\nb.jpg"),
        ("\x1b[31mred.jpg", "\\x1b[31mred.jpg"),
        ("\udcff.jpg", "\\udcff.jpg"),
    ],
    ids=["plain", "unicode", "line feed", "terminal escape", "not UTF-8"],
)
def test_names_from_outside_are_shown_on_one_line(text, shown):
    assert one_line(text) == shown


def test_a_name_with_a_line_feed_stays_on_the_line(capsys):
    run_command(command(PictureError("a\nb.jpg: is empty")), [])
    assert capsys.readouterr().err == "edge-test: error: a\\nb.jpg: is empty\n"


def test_what_libraries_write_to_descriptor_2_is_discarded_and_only_that(capfd):
    with native_stderr_discarded():
        os.write(2, b"chatter\n")
    os.write(2, b"news\n")
    assert capfd.readouterr().err == "news\n"


def test_descriptor_2_comes_back_after_an_error(capfd):
    with pytest.raises(ValueError, match="inside"), native_stderr_discarded():
        raise ValueError("inside")
    os.write(2, b"news\n")
    assert capfd.readouterr().err == "news\n"


def test_no_descriptor_is_left_open():
    before = sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(3):
        with native_stderr_discarded():
            pass
    assert sorted(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "1>&- 2>&-", "0<&-"])
def test_a_closed_descriptor_is_no_reason_to_fail(closed):
    edge_run = Path(sys.executable).with_name("edge-run")
    ended = subprocess.run(
        ["sh", "-c", f'"$0" --check-config {closed}', edge_run],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0
    assert ended.stderr == ""
