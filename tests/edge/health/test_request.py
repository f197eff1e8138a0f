"""A request is read within bounds, and only under this device's own names."""

from __future__ import annotations

import socket
import threading

import pytest

from edge.health.request import LARGEST, HeadError, is_local_name, read_head


@pytest.fixture
def pair():
    near, far = socket.socketpair()
    with near, far:
        yield near, far


def test_a_request_is_read_up_to_its_empty_line(pair):
    near, far = pair
    far.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert read_head(near) == b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def test_it_may_come_in_parts(pair):
    near, far = pair

    def send() -> None:
        for byte in b"GET / HTTP/1.0\n\n":
            far.sendall(bytes([byte]))

    sender = threading.Thread(target=send)
    sender.start()
    assert read_head(near) == b"GET / HTTP/1.0\n\n"
    sender.join()


def test_who_goes_away_first_has_asked_nothing(pair):
    near, far = pair
    far.sendall(b"GET / HTTP/1.1\r\nHost")
    far.shutdown(socket.SHUT_WR)
    assert read_head(near) == b""


def test_what_has_no_end_is_cut_off(pair):
    near, far = pair
    far.sendall(b"X" * (LARGEST + 1))
    with pytest.raises(HeadError) as told:
        read_head(near)
    assert told.value.code == 431


def test_the_deadline_is_for_the_whole_request_not_for_each_byte(pair):
    near, far = pair
    now = iter(range(100))

    def clock() -> float:
        far.sendall(b"X")  # a client that is never silent
        return float(next(now))

    with pytest.raises(HeadError) as told:
        read_head(near, patience=5.0, clock=clock)
    assert told.value.code == 408
    assert next(now) == 6, "a look at the clock for each byte, and none after five seconds"


def test_a_silent_client_is_given_up(pair):
    near, _ = pair
    with pytest.raises(HeadError) as told:
        read_head(near, patience=0.05)
    assert told.value.code == 408


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:9464", "localhost:9464", "LOCALHOST", "[::1]:9464", " 127.0.0.1 "],
)
def test_this_device_by_its_own_names(host):
    assert is_local_name(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:9464",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "192.168.1.7:9464",
        "[::2]:9464",
        "",
        ":9464",
        "127.0.0.1:9464:1",
        "127.0.0.1@evil.example",
        "::1",
    ],
)
def test_a_page_that_points_its_own_name_here_learns_nothing(host):
    assert not is_local_name(host)
