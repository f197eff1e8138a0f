"""The health port: what it answers, and that no client can hurt it."""

from __future__ import annotations

import http.client
import json
import logging
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.errors import ConfigError
from edge.health import server
from edge.health.board import Board
from edge.health.config import HealthConfig
from edge.health.server import Server, serve
from edge.status import Status

SEES = Status(name="desk", blind=False, camera_state="ok", frame_age=0.1)
DEADLINE = 20.0  # seconds; generous, reached only where something is wrong


@contextmanager
def serving(status=lambda: SEES, listen="127.0.0.1:0", **options) -> Iterator[Server]:
    """A server on a free port."""
    retry = options.pop("retry", 60.0)
    config = HealthConfig(listen=listen, **options)
    with closing(serve(config, status, look=Board, retry=retry)) as running:
        yield running


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving() as running:
        assert running.port is not None
        yield running.port


def ask(port: int, path: str, method: str = "GET", host: str = "127.0.0.1", **headers: str):
    """Status, headers and body of an answer."""
    with closing(http.client.HTTPConnection(host, port, timeout=DEADLINE)) as talk:
        talk.request(method, path, headers=headers)
        answer = talk.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()


def talk_raw(port: int, data: bytes) -> bytes:
    """Everything that the server says to these bytes, until it closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE) as talk:
        told = b""
        try:
            talk.sendall(data)
            talk.shutdown(socket.SHUT_WR)
            while part := talk.recv(65536):
                told += part
        except TimeoutError:
            raise
        except OSError:
            pass  # it has closed with something unread
        return told


def until(reached, what: str) -> None:
    """Wait for another thread to get there."""
    end = time.monotonic() + DEADLINE
    while not reached():
        assert time.monotonic() < end, what
        threading.Event().wait(0.01)


def test_healthz_is_json_about_seeing(port):
    status, headers, body = ask(port, "/healthz")
    assert status == 200
    assert headers["Content-Type"] == "application/json"
    assert (json.loads(body)["status"], json.loads(body)["name"]) == ("ok", "desk")


def test_metrics_are_prometheus_text(port):
    status, headers, body = ask(port, "/metrics")
    assert status == 200
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert b'edge_run_camera_state{state="ok"} 1.0' in body


def test_blind_is_503():
    with serving(Status) as running:
        status, _, body = ask(running.port, "/healthz")
    assert (status, json.loads(body)["status"]) == (503, "blind")


def test_stale_after_is_the_configured_one():
    with serving(lambda: Status(blind=False, frame_age=6.0), stale_after=5.0) as running:
        assert ask(running.port, "/healthz")[0] == 503


def test_a_query_does_not_matter_and_other_paths_are_not_there(port):
    assert ask(port, "/healthz?full=1")[0] == 200
    for path in ("/", "/healthz/", "/etc/passwd", "/../etc/passwd", "/%2e/healthz"):
        status, _, body = ask(port, path)
        assert status == 404
        assert b"/healthz" in body


def test_head_is_get_without_the_body(port):
    status, headers, body = ask(port, "/metrics", "HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) > 1000


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_nothing_can_be_changed(port, method):
    status, headers, _ = ask(port, "/healthz", method)
    assert (status, headers["Allow"]) == (405, "GET, HEAD")


def test_no_version_is_told_and_nothing_is_stored(port):
    _, headers, _ = ask(port, "/healthz")
    assert headers["Server"] == "edge-run"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/other"])
def test_a_page_that_points_its_own_name_here_is_refused(port, path):
    assert ask(port, path, Host="evil.example")[0] == 403
    two = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"
    assert talk_raw(port, two).split(b" ", 2)[1] == b"403"


def test_a_public_port_answers_to_any_name():
    with serving(listen="127.0.0.1:0", public=True) as running:
        assert ask(running.port, "/metrics", Host="desk.example")[0] == 200


def test_old_clients_without_a_host_are_answered(port):
    assert b" 200 " in talk_raw(port, b"GET /healthz HTTP/1.0\r\n\r\n")


def test_ipv6():
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with serving(listen="[::1]:0") as running:
        if running.port is None:
            pytest.skip(f"no IPv6 loopback here: {running.error}")
        assert ask(running.port, "/healthz", host="::1")[0] == 200


def test_without_prometheus_client_metrics_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with serving() as running:
        status, _, body = ask(running.port, "/metrics")
        assert (status, ask(running.port, "/healthz")[0]) == (501, 200)
    assert b"pip install 'edge-emotion[metrics]'" in body


def test_a_state_that_cannot_be_had_is_500_and_in_the_log(caplog):
    def broken() -> Status:
        raise ZeroDivisionError

    with serving(broken) as running:
        for path in ("/healthz", "/metrics"):
            assert ask(running.port, path)[0] == 500
        assert ask(running.port, "/other")[0] == 404
    assert "cannot answer /healthz" in caplog.text


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", None),
        (b"\r\n\r\n", None),
        (b"GET /healthz HTTP/1.1\r\nHost: localhost", None),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET\r\n\r\n", 400),
        (b"GET /healthz HTTP/9.9\r\n\r\n", 505),
        (b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
        (b"GET /" + b"a" * 100_000, 431),
        (b"A" * 1_000_000, 431),
        (b"GET /healthz HTTP/1.1\r\nHost: local\0host\r\n\r\n", 403),
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n", 200),
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n\r\n", 200),
        (b"GET http://evil.example/metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403),
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n", 200),
    ],
    ids=lambda value: repr(value[:40]) if isinstance(value, bytes) else str(value),
)
def test_what_is_no_request_is_answered_shortly_or_not_at_all(port, data, code):
    told = talk_raw(port, data)
    if code is None:
        assert told == b""
    elif told:  # a reset may overtake the answer to what was not read to its end
        assert told.split(b" ", 2)[1] == str(code).encode()
    assert ask(port, "/healthz")[0] == 200


WORDS = b"GET |HEAD |POST |/healthz|/metrics| HTTP/1.1| HTTP/1.0| HTTP/| HTTP/1.11111| HTTP/-1.1"
HEADERS = (
    b"Host: localhost|Host:|: |Content-Length: -1|Transfer-Encoding: chunked|Expect: 100-continue"
)
ENDS = b"\r\n|\n|\r|\0|%00|\xff"
PARTS = b"|".join((WORDS, HEADERS, ENDS)).split(b"|")
REQUESTS = st.one_of(
    st.binary(max_size=300), st.lists(st.sampled_from(PARTS), max_size=14).map(b"".join)
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=REQUESTS)
def test_any_bytes_get_an_answer_or_none_and_never_an_error_of_ours(port, caplog, data):
    caplog.clear()
    told = talk_raw(port, data)
    assert told == b"" or told.startswith(b"HTTP/1.0 ") or b"\r\n" not in told[:9]
    assert b" 500 " not in told[:20]
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []


def test_after_all_that_it_still_answers(port):
    assert ask(port, "/healthz")[0] == 200
    assert ask(port, "/metrics")[0] == 200


def test_clients_that_say_nothing_do_not_keep_others_out():
    with serving() as running:
        where = ("127.0.0.1", running.port)
        slow = [socket.create_connection(where, timeout=DEADLINE) for _ in range(40)]
        try:
            for each in slow:
                each.sendall(b"GET /healthz HTT")
            assert ask(running.port, "/healthz")[0] == 200
            names = [thread.name for thread in threading.enumerate()]
            assert names.count("health client") <= server.THREADS
            assert slow[0].recv(10) == b"", "the oldest has lost its connection"
        finally:
            for each in slow:
                each.close()


def test_a_state_that_hangs_costs_a_bounded_number_of_threads():
    gate = threading.Event()
    answered = threading.Event()

    def hanging() -> Status:
        answered.set()
        gate.wait(DEADLINE)
        return SEES

    with serving(hanging) as running:
        where = ("127.0.0.1", running.port)
        clients = []
        try:
            for _ in range(server.THREADS + 4):
                clients.append(socket.create_connection(where, timeout=DEADLINE))
                clients[-1].sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            assert answered.wait(DEADLINE)
            assert clients[-1].recv(10) == b"", "there is no room for this one"
            names = [thread.name for thread in threading.enumerate()]
            assert names.count("health client") <= server.THREADS
        finally:
            gate.set()
            for each in clients:
                each.close()
        until(
            lambda: "health client" not in [one.name for one in threading.enumerate()],
            "threads stay behind",
        )
        assert ask(running.port, "/healthz")[0] == 200


def test_who_asks_and_goes_away_leaves_nothing_in_the_log(port, caplog):
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port)) as talk:
            talk.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
    assert ask(port, "/healthz")[0] == 200
    assert [one for one in caplog.records if one.levelno > logging.DEBUG] == []


def test_a_port_that_is_taken_is_told_once_and_got_later(caplog):
    caplog.set_level(logging.INFO, "edge")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with serving(listen=f"127.0.0.1:{taken}", retry=0.01) as running:
            assert running.port is None
            assert f"health.listen 127.0.0.1:{taken} cannot be used" in running.error
            other.close()
            until(lambda: running.port == taken, "the port was not tried again")
            assert running.error == ""
            assert ask(taken, "/healthz")[0] == 200
    warnings = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "another port" in warnings[0].getMessage()
    assert "is open now" in caplog.text


def test_no_address_means_no_thread_and_no_port():
    before = threading.active_count()
    with serving(listen="") as running:
        assert (running.port, running.error) == (None, "")
        assert threading.active_count() == before


def test_a_public_address_must_be_wanted():
    with pytest.raises(ConfigError, match=r"health\.public"):
        serve(HealthConfig(listen="0.0.0.0:9464"), Status)


def test_close_gives_the_port_back_and_may_be_called_twice():
    with serving() as running:
        port = running.port
        running.close()
        assert running.port is None
        with socket.socket() as next_one:
            next_one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            next_one.bind(("127.0.0.1", port))
        running.close()
