"""Apprise, sending to a real server here; its secrets stay with it."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from benchmarks.receiver import Receiver, answers, is_silent
from edge.alerts.notification import Notification
from edge.alerts.sinks.apprise_sink import INSTALL, AppriseConfig, AppriseSink, make
from edge.alerts.sinks.base import SendError
from edge.errors import ConfigError

pytest.importorskip("apprise", reason="apprise is not installed")
# of its plug-ins' own imports on Python 3.11
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
Notify = Callable[..., Notification]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver(answers(200)) as receiver:
        yield receiver


def address(receiver: Receiver, path: str = "s3cret") -> str:
    return receiver.url.replace("http", "json") + f"/{path}"


def sink(*urls: str, timeout: float = 30.0) -> AppriseSink:
    return make("chat", AppriseConfig(urls=urls, timeout=timeout), "pi")


def refused(one: AppriseSink, notification: Notification) -> SendError:
    with pytest.raises(SendError) as caught:
        one.send(notification)
    assert "s3cret" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("kind", "type_"), [("firing", "warning"), ("resolved", "success"), ("test", "info")]
)
def test_title_sentence_and_type_and_no_picture(
    receiver: Receiver, notification: Notify, kind: str, type_: str
) -> None:
    told = notification(kind=kind, text="Ein Gast wirkt <b>ärgerlich</b>\\n.")
    sink(address(receiver)).send(told)
    (request,) = receiver.requests
    body = json.loads(request.body)
    assert (body["title"], body["message"]) == ("desk: anger", told.text)
    assert body["type"] == type_
    assert not body.get("attachments")


def test_one_that_fails_does_not_make_the_others_ring_twice(notification: Notify) -> None:
    with Receiver(answers(200)) as good, Receiver(answers(500)) as bad:
        one = sink(address(good), address(bad))
        error = refused(one, notification())
        assert (error.certain, error.permanent) == (False, False)
        assert "json:// (number 2 of urls): did not accept it" in str(error)
        bad.behave = answers(200)
        one.send(notification())
        assert (len(good.requests), len(bad.requests)) == (1, 2)
        one.send(notification(id="another"))
        assert (len(good.requests), len(bad.requests)) == (2, 3)


def test_an_address_that_apprise_does_not_know(receiver: Receiver, notification: Notify) -> None:
    one = sink("nosuch://s3cret", address(receiver))
    error = refused(one, notification())
    assert error.certain
    assert "nosuch:// (number 1 of urls): is no address" in str(error)
    assert len(receiver.requests) == 1
    refused(one, notification())
    assert len(receiver.requests) == 1


def test_a_service_that_never_answers_holds_it_no_longer_than_told(
    receiver: Receiver, notification: Notify
) -> None:
    receiver.behave = is_silent
    one = sink(address(receiver), timeout=0.3)
    for _ in range(2):
        error = refused(one, notification())
        assert not error.certain
        assert "json:// (number 1 of urls): has not ended within 0.3 s" in str(error)
    assert len([t for t in threading.enumerate() if t.name == "apprise chat"]) == 1
    receiver.vanish()
    for thread in threading.enumerate():
        if thread.name == "apprise chat":
            thread.join(20)


class Log(logging.Handler):
    """What a service would log; pytest's own handler also gets what goes nowhere."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name}: {record.getMessage()}")


def test_nothing_of_it_is_logged(
    receiver: Receiver, notification: Notify, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log()
    monkeypatch.setattr(logging.root, "handlers", [log])
    monkeypatch.setattr(logging.root, "level", logging.DEBUG)
    for name in ("apprise", "urllib3"):
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
    sink(address(receiver)).send(notification())
    receiver.behave = answers(500)
    refused(sink(address(receiver), "nosuch://s3cret"), notification())
    assert log.lines == []


@pytest.mark.parametrize("urls", [(), ("s3cret",), ("json://x", "://s3cret"), ("json:// s3cret",)])
def test_what_can_be_no_address_is_refused_at_once(urls: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match=r"^sinks\.chat: urls") as caught:
        sink(*urls)
    assert "s3cret" not in str(caught.value)


def test_apprise_is_not_there(notification: Notify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    error = refused(sink("json://s3cret"), notification())
    assert error.certain
    assert INSTALL in str(error)


def test_the_addresses_are_secrets() -> None:
    config: Any = AppriseConfig(urls=("json://s3cret",))
    assert "s3cret" not in repr(config)
