"""The log: one line an event, a priority for the journal, no passwords, no floods."""

from __future__ import annotations

import io
import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator

import pytest

from edge.errors import CameraError
from edge.health import logs
from edge.health.logs import Handler, in_journal, setup, told


@pytest.fixture
def loggers() -> Iterator[None]:
    """What `setup` changes is put back."""
    root, own = logging.getLogger(), logging.getLogger("edge")
    before = root.handlers[:], root.level, own.level, threading.excepthook
    yield
    for handler in [one for one in root.handlers if one not in before[0]]:
        root.removeHandler(handler)
        handler.close()
    root.handlers[:], threading.excepthook = before[0], before[3]
    root.setLevel(before[1])
    own.setLevel(before[2])
    logging.captureWarnings(False)


@pytest.fixture
def written(loggers) -> io.StringIO:  # noqa: ARG001 - puts back what `setup` changes
    return io.StringIO()


log = logging.getLogger("edge.test")


def test_a_one_shot_command_tells_errors_alone(written):
    setup(service=False, stream=written, environment={})
    log.warning("not this")
    log.error("camera %s is gone", "0")
    assert written.getvalue() == "ERROR edge.test: camera 0 is gone\n"


def test_verbose_tells_more(written):
    setup(service=False, verbose=True, stream=written, environment={})
    log.info("opened")
    log.debug("not this")
    assert written.getvalue() == "INFO edge.test: opened\n"


def test_a_service_tells_its_own_news_and_others_warnings(written):
    setup(service=True, stream=written, environment={})
    log.info("opened")
    logging.getLogger("picamera2").info("not this")
    logging.getLogger("paho").warning("but this")
    assert written.getvalue() == "INFO edge.test: opened\nWARNING paho: but this\n"


def test_setup_again_replaces_what_it_set_up(written):
    setup(service=True, stream=written, environment={})
    setup(service=True, stream=written, environment={})
    log.info("once")
    assert written.getvalue().count("once") == 1


@pytest.mark.usefixtures("loggers")
def test_a_closed_stderr_is_no_reason_to_fail(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    setup(service=True, environment={})
    log.error("nobody hears it")


def test_debug_tells_everything(written):
    setup(service=True, debug=True, stream=written, environment={})
    log.debug("details")
    for _ in range(20):
        log.info("again")
    assert "DEBUG edge.test: details" in written.getvalue()
    assert written.getvalue().count("again") == 20


def lines(journal: bool = True, **options: object) -> tuple[logging.Logger, io.StringIO]:
    """A logger of its own and what it writes."""
    stream = io.StringIO()
    one = logging.Logger("edge.x", logging.DEBUG)
    one.addHandler(Handler(stream, journal, **options))
    return one, stream


def test_the_journal_gets_the_priority_and_neither_time_nor_name():
    one, stream = lines()
    for level in ("critical", "error", "warning", "info", "debug"):
        getattr(one, level)("news")
    assert stream.getvalue() == "<2>news\n<3>news\n<4>news\n<6>news\n<7>news\n"


def test_a_record_is_one_line_without_passwords():
    one, stream = lines()
    one.warning("camera %s\nis gone\x1b[31m", "rtsp://u:secret@host/x")
    assert stream.getvalue() == "<4>camera rtsp://u:***@host/x\\nis gone\\x1b[31m\n"


def raised(error: Exception) -> Exception:
    """The error with a traceback."""
    try:
        raise error
    except Exception as caught:
        return caught


def test_an_error_raised_on_purpose_is_told_without_where_it_came_from():
    one, stream = lines()
    one.error("the camera failed", exc_info=raised(CameraError("camera 0: gone; plug it in")))
    assert stream.getvalue() == "<3>the camera failed: camera 0: gone; plug it in\n"


def test_a_bug_is_one_line_that_says_where():
    one, stream = lines()
    one.error("it failed", exc_info=raised(ValueError("a\nb")))
    (line,) = stream.getvalue().splitlines()
    assert line.startswith("<3>it failed: ValueError: a\\nb (at test_logs.py:")
    assert " in raised" in line


def test_debug_shows_the_traceback_each_line_with_its_priority():
    one, stream = lines(debug=True)
    one.error("it failed", exc_info=raised(CameraError("gone")))
    told = stream.getvalue().splitlines()
    assert "<3>Traceback (most recent call last):" in told
    assert all(line.startswith("<3>") for line in told)


def test_a_flood_is_told_of_in_one_line():
    now = [0.0]
    one, stream = lines(limited=True, clock=lambda: now[0])
    for number in range(12):
        one.warning("sink %s failed, try %d", "desk", number)
    one.info("something else")
    assert stream.getvalue().count("failed, try") == 5
    now[0] = 61.0
    one.info("later")
    assert stream.getvalue().splitlines()[-2:] == [
        "<4>7 more like this were left out: sink %s failed, try %d",
        "<6>later",
    ]


def test_what_was_left_out_is_told_at_the_end_too():
    one, stream = lines(journal=False, limited=True, clock=lambda: 0.0)
    for _ in range(6):
        one.warning("again")
    one.handlers[0].close()
    last = stream.getvalue().splitlines()[-1]
    assert last == "WARNING edge.x: 1 more like this were left out: again"


class Broken(io.StringIO):
    """A journal that is being restarted."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError


def test_a_journal_that_is_away_does_not_stop_anyone(capsys):
    one = logging.Logger("edge.x")
    one.addHandler(Handler(Broken(), journal=True))
    one.error("news")
    assert capsys.readouterr().err == ""


def test_the_journal_is_known_by_the_stream_that_systemd_gave(tmp_path):
    with (tmp_path / "err").open("w") as stream:
        about = os.fstat(stream.fileno())
        mine = f"{about.st_dev}:{about.st_ino}"
        assert in_journal(stream, {"JOURNAL_STREAM": mine})
        for other in ("", "1:2", mine + "0", "x", f"{about.st_dev}:"):
            assert not in_journal(stream, {"JOURNAL_STREAM": other})
        assert not in_journal(stream, {})
    assert not in_journal(stream, {"JOURNAL_STREAM": mine}), "it is closed"
    assert not in_journal(io.StringIO(), {"JOURNAL_STREAM": mine})


@pytest.mark.usefixtures("loggers")
def test_setup_finds_the_journal(tmp_path):
    with (tmp_path / "err").open("w+") as stream:
        about = os.fstat(stream.fileno())
        setup(True, stream=stream, environment={"JOURNAL_STREAM": f"{about.st_dev}:{about.st_ino}"})
        log.info("opened")
        stream.seek(0)
        assert stream.read() == "<6>opened\n"


def test_a_thread_that_dies_is_one_line(written):
    setup(service=True, stream=written, environment={})

    def die() -> None:
        raise CameraError("camera 0: stuck")

    thread = threading.Thread(target=die, name="watch")
    thread.start()
    thread.join()
    assert written.getvalue() == (
        "ERROR edge.health.logs: thread watch has ended: camera 0: stuck\n"
    )


def test_pythons_warnings_are_lines_of_the_log(written):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        setup(service=True, stream=written, environment={})
        warnings.warn("old\nways", stacklevel=1)
    (line,) = written.getvalue().splitlines()
    assert line.startswith("WARNING py.warnings: ")
    assert "old\\nways" in line


def test_a_message_that_does_not_fit_its_arguments_is_told_nonetheless(capsys):
    one, stream = lines()
    one.info("%d frames", "many")
    one.info("next")
    bad, good = stream.getvalue().splitlines()
    assert bad.startswith("<6>'%d frames' cannot be told: ")
    assert good == "<6>next"
    assert capsys.readouterr().err == ""


def test_an_error_without_words_has_at_least_a_name():
    assert told(KeyError()) == "KeyError"
    assert logs.told(CameraError("gone")) == "gone"
