"""The webhook against real servers, well-behaved and not."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from email.utils import formatdate
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks import receiver as other_side
from benchmarks.receiver import Receiver, answers, drips, says
from edge import __version__
from edge.alerts.notification import Notification
from edge.alerts.sinks.base import SendError
from edge.alerts.sinks.http_address import read_address
from edge.alerts.sinks.http_answer import SLOWLY
from edge.alerts.sinks.http_post import MOST_READ, Poster
from edge.alerts.sinks.signature import sign
from edge.alerts.sinks.webhook import WebhookConfig, WebhookSink, make
from edge.errors import ConfigError

Notify = Callable[..., Notification]
PATIENCE = 0.2  # of the sink, where the other side never answers


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver(answers(204)) as receiver:
        yield receiver


def sink(url: str, **config: Any) -> WebhookSink:
    return make("desk", WebhookConfig(url=url, **config), "pi")


def refused(url: str, notification: Notification, **config: Any) -> SendError:
    with pytest.raises(SendError) as caught:
        sink(url, **config).send(notification)
    assert str(caught.value).isprintable()
    return caught.value


def test_a_request_as_the_standard_wants_it(receiver: Receiver, notification: Notify) -> None:
    told = notification()
    secret = "whsec_" + b64encode(b"new key").decode() + " old-key"
    before = int(time.time())
    sink(f"{receiver.url}/hook?desk=1", secret=secret, headers=("X-Token: 7",)).send(told)
    (request,) = receiver.requests
    headers = request.headers
    assert request.path == "/hook?desk=1"
    assert request.body == told.as_json().encode()
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"] == f"edge-emotion/{__version__}"
    assert headers["host"] == receiver.url.removeprefix("http://")
    assert headers["x-token"] == "7"
    assert headers["webhook-id"] == told.id
    stamp = int(headers["webhook-timestamp"])
    assert before <= stamp
    expected = sign((b"new key", b"old-key"), told.id, stamp, request.body)
    assert headers["webhook-signature"] == expected
    assert len(expected.split()) == 2


def test_each_try_has_its_own_time_and_the_same_id_and_body(
    receiver: Receiver, notification: Notify
) -> None:
    now = 1000.9
    poster = Poster(read_address(receiver.url))
    one = WebhookSink("desk", poster, {}, (b"key",), 10.0, clock=lambda: now)
    receiver.behave = answers(500)
    with pytest.raises(SendError):
        one.send(notification())
    now, receiver.behave = 2000.0, answers(200)
    one.send(notification())
    first, second = receiver.requests
    for request, stamp in ((first, 1000), (second, 2000)):
        signature = sign((b"key",), notification().id, stamp, first.body)
        assert request.headers["webhook-timestamp"] == str(stamp)
        assert request.headers["webhook-signature"] == signature
        assert request.headers["webhook-id"] == notification().id
        assert request.body == first.body


def test_without_a_secret_it_is_not_signed(receiver: Receiver, notification: Notify) -> None:
    sink(receiver.url).send(notification())
    assert "webhook-signature" not in receiver.requests[0].headers
    assert receiver.requests[0].headers["webhook-id"]


def test_the_body_is_what_was_told(receiver: Receiver, notification: Notify) -> None:
    told = notification(text="Ein Gast wirkt ärgerlich 😠 \r\n\0")
    sink(receiver.url).send(told)
    assert Notification.from_json(receiver.requests[0].body.decode()) == told


@pytest.mark.parametrize("status", [200, 202, 204])
def test_any_2xx_accepts(receiver: Receiver, notification: Notify, status: int) -> None:
    receiver.behave = answers(status)
    sink(receiver.url).send(notification())
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(receiver: Receiver, notification: Notify, status: int) -> None:
    with Receiver(answers(200)) as thief:
        there = thief.url.replace("127.0.0.1", "localhost") + "/s3cret"
        receiver.behave = answers(status, {"Location": there})
        error = refused(receiver.url, notification(), secret="key")
        assert thief.requests == []
    assert (error.certain, error.permanent, error.retry_after) == (True, False, SLOWLY)
    assert "redirect to localhost; give that address" in str(error)
    assert "s3cret" not in str(error)
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("status", "certain", "permanent", "disables"),
    [
        (400, True, True, False),
        (401, True, False, False),
        (404, True, False, False),
        (410, True, True, True),
        (500, True, False, False),
        (504, False, False, False),
    ],
)
def test_an_answer_that_says_no(
    receiver: Receiver,
    notification: Notify,
    status: int,
    certain: bool,
    permanent: bool,
    disables: bool,
) -> None:
    receiver.behave = answers(status)
    error = refused(receiver.url, notification())
    assert (error.certain, error.permanent, error.disables) == (certain, permanent, disables)


@pytest.mark.parametrize(
    ("asked", "heard"),
    [
        ({"Retry-After": "77"}, 77.0),
        ({"Retry-After": formatdate(1060, usegmt=True), "Date": formatdate(1000)}, 60.0),
        ({"Retry-After": "when I say so"}, None),
        ({"Retry-After": "99999999"}, 3600.0),
        ({}, None),
    ],
)
def test_retry_after(
    receiver: Receiver, notification: Notify, asked: dict[str, str], heard: float | None
) -> None:
    receiver.behave = answers(429, asked)
    error = refused(receiver.url, notification())
    assert (error.certain, error.permanent, error.retry_after) == (True, False, heard)


@pytest.mark.parametrize("status", [400, 404, 500])
def test_an_answer_that_repeats_the_secret_address_is_not_repeated(
    receiver: Receiver, notification: Notify, status: int
) -> None:
    receiver.behave = answers(
        status, {"Content-Type": "application/json"}, b'{"path":"/s3cret","why":"no such desk"}'
    )
    error = refused(f"{receiver.url}/s3cret", notification())
    assert str(status) in str(error)
    assert "s3cret" not in str(error)


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 20",  # cut off in the middle of what would be a yes
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 70_000,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/9.9 42 ?\r\n\r\n",
        bytes(range(256)) * 20,
        b"\0" * 100_000,
    ],
)
def test_what_is_not_http_may_have_arrived(
    receiver: Receiver, notification: Notify, garbage: bytes
) -> None:
    receiver.behave = says(garbage)
    error = refused(receiver.url, notification(), timeout=5.0)
    assert not error.certain
    assert not error.permanent


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.binary(max_size=300), start=st.sampled_from([b"", b"HTTP/1.1 ", b"HTTP/1.1 500 "]))
def test_whatever_comes_back_is_an_answer_or_a_send_error(
    receiver: Receiver, notification: Notify, data: bytes, start: bytes
) -> None:
    receiver.behave = says(start + data)
    with suppress(SendError):
        sink(receiver.url, timeout=5.0).send(notification())
    assert receiver.requests


def test_hanging_up_may_mean_that_it_arrived(receiver: Receiver, notification: Notify) -> None:
    receiver.behave = other_side.hangs_up
    error = refused(receiver.url, notification())
    assert not error.certain
    assert "closed the connection without an answer" in str(error)


@pytest.mark.parametrize(
    "behave",
    [
        other_side.is_silent,
        drips(b"HTTP/1.1 200 OK\r\nX-Long: yyyyyyyyyyyyyyyyy"),
        drips(b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
    ],
    ids=["silent", "drips a header", "drips go-ons"],
)
def test_one_deadline_for_all_of_it(
    receiver: Receiver, notification: Notify, behave: other_side.Behaviour
) -> None:
    receiver.behave = behave
    error = refused(receiver.url, notification(), timeout=PATIENCE)
    assert not error.certain
    assert f"has not answered within {PATIENCE:g} s" in str(error)


@pytest.mark.parametrize("status", [b"200", b"503"])
def test_a_body_that_never_ends_changes_nothing(
    receiver: Receiver, notification: Notify, status: bytes
) -> None:
    head = b"HTTP/1.1 " + status + b" X\r\nContent-Length: 999999\r\n\r\n"

    def behave(request: other_side.Request) -> None:
        request.write(head)
        drips(b"y")(request)

    receiver.behave = behave
    if status == b"200":
        sink(receiver.url, timeout=PATIENCE).send(notification())
    else:
        assert "503" in str(refused(receiver.url, notification(), timeout=PATIENCE))


def test_a_huge_body_is_not_read(receiver: Receiver, notification: Notify) -> None:
    taken: list[int] = []

    def behave(request: other_side.Request) -> None:
        request.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        chunk, count = b"y" * MOST_READ, 0
        while count < 10_000 and request.write(chunk):
            count += 1
        taken.append(count)

    receiver.behave = behave
    sink(receiver.url).send(notification())
    receiver.vanish()  # waits for the handler
    assert taken[0] < 10_000


def test_nobody_listens(receiver: Receiver, notification: Notify) -> None:
    receiver.vanish()
    error = refused(receiver.url, notification())
    assert (error.certain, error.permanent) == (True, False)
    assert "cannot be reached (Connection refused)" in str(error)


def test_a_name_that_is_not_known(notification: Notify, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = refused("http://desk.invalid/s3cret", notification())
    assert error.certain
    assert "cannot be looked up (Name or service not known)" in str(error)
    assert "s3cret" not in str(error)


def test_a_look_up_that_hangs_is_left_behind_once(
    notification: Notify, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []
    answered = threading.Event()

    def hangs(*host: Any, **_: Any) -> Any:
        calls.append(host)
        answered.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure")

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    one = sink("http://desk.invalid/", timeout=PATIENCE)
    for _ in range(3):
        with pytest.raises(SendError, match="cannot be looked up") as caught:
            one.send(notification())
        assert caught.value.certain
    answered.set()
    assert len(calls) == 1


def test_a_host_with_two_addresses_of_which_one_is_dead(
    receiver: Receiver, notification: Notify, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        dead = taken.getsockname()  # nobody listens there once this is closed
    port = int(receiver.url.rpartition(":")[2])
    family = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_, **__: [(*family, dead), (*family, ("127.0.0.1", port))]
    )
    sink("http://desk.invalid/").send(notification())
    assert len(receiver.requests) == 1


def test_a_host_with_two_addresses_of_which_one_swallows_everything(
    receiver: Receiver, notification: Notify, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):  # nobody takes these, so the kernel drops what comes after them
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        port = int(receiver.url.rpartition(":")[2])
        family = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        found = [(*family, full.getsockname()), (*family, ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        sink("http://desk.invalid/", timeout=1.0).send(notification())
    assert len(receiver.requests) == 1


def test_a_proxy_in_the_environment_is_not_used(
    receiver: Receiver, notification: Notify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    sink(receiver.url).send(notification())
    assert len(receiver.requests) == 1


def test_user_and_password_are_sent_and_never_shown(
    receiver: Receiver, notification: Notify
) -> None:
    url = receiver.url.replace("//", "//ann:s3cret@") + "/s3cret"
    sink(url).send(notification())
    value = receiver.requests[0].headers["authorization"]
    assert b64decode(value.removeprefix("Basic ")) == b"ann:s3cret"
    receiver.behave = answers(401)
    assert "s3cret" not in str(refused(url, notification()))
    receiver.vanish()
    assert "s3cret" not in str(refused(url, notification()))
    config = WebhookConfig(url=url, secret="s3cret", headers=("X: s3cret",))
    assert "s3cret" not in repr(config)


@pytest.mark.parametrize("ident", ["a\r\nX-Evil: 1", "a\n b", "", "ü", "a\0"])
def test_an_id_that_no_header_can_carry_is_given_up(
    receiver: Receiver, notification: Notify, ident: str
) -> None:
    assert refused(receiver.url, notification(id=ident)).permanent
    assert receiver.requests == []


@pytest.mark.parametrize(
    "config",
    [
        {"url": ""},
        {"url": "file:///etc/passwd"},
        {"url": "http://host/", "secret": "whsec_s3cret"},
        {"url": "http://host/", "headers": ("X: s3cret\n",)},
        {"url": "http://a:b@host/", "headers": ("authorization: s3cret",)},
    ],
)
def test_what_can_never_work_is_refused_at_once(config: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"^sinks\.desk: ") as caught:
        make("desk", WebhookConfig(**config), "pi")
    assert "s3cret" not in str(caught.value)


def test_it_may_be_closed_twice(receiver: Receiver, notification: Notify) -> None:
    one = sink(receiver.url)
    one.send(notification())
    one.close()
    one.close()
    one.send(notification())
    assert [json.loads(request.body)["id"] for request in receiver.requests] == 2 * [
        notification().id
    ]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of its own making for 127.0.0.1, with its key, in one file."""
    if not which("openssl"):
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        " -keyout key.pem -out cert.pem -subj /CN=desk -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run(command.split(), cwd=folder, capture_output=True, check=True)
    both = folder / "both.pem"
    both.write_text((folder / "key.pem").read_text() + (folder / "cert.pem").read_text())
    return both


@pytest.fixture
def tls_receiver(certificate: Path) -> Iterator[Receiver]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Receiver(answers(204), context) as receiver:
        yield receiver


def test_https_with_an_authority_of_its_own(
    tls_receiver: Receiver, notification: Notify, certificate: Path
) -> None:
    sink(tls_receiver.url, ca_file=str(certificate)).send(notification())
    assert tls_receiver.requests[0].headers["webhook-id"] == notification().id


def test_a_certificate_that_nobody_vouches_for(
    tls_receiver: Receiver, notification: Notify
) -> None:
    error = refused(tls_receiver.url, notification())
    assert error.certain
    assert "certificate that is not trusted" in str(error)
    assert "ca_file" in str(error)
    assert tls_receiver.requests == []


def test_a_certificate_for_another_host(
    tls_receiver: Receiver, notification: Notify, certificate: Path
) -> None:
    url = tls_receiver.url.replace("127.0.0.1", "localhost")
    error = refused(url, notification(), ca_file=str(certificate))
    assert error.certain
    assert "localhost" in str(error)
    assert tls_receiver.requests == []


def test_a_client_certificate_is_shown(certificate: Path, notification: Notify) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(certificate)
    file = str(certificate)
    with Receiver(answers(204), context) as strict:
        sink(strict.url, ca_file=file, cert_file=file).send(notification())
        assert len(strict.requests) == 1
        refused(strict.url, notification(), ca_file=file)
        assert len(strict.requests) == 1


def test_files_that_cannot_be_used(
    tls_receiver: Receiver, notification: Notify, tmp_path: Path
) -> None:
    (tmp_path / "empty.pem").write_text("no certificate")
    for config in (
        {"ca_file": str(tmp_path / "absent.pem")},
        {"ca_file": str(tmp_path / "empty.pem")},
        {"cert_file": str(tmp_path / "absent.pem")},
        {"cert_file": str(tmp_path / "empty.pem")},
    ):
        error = refused(tls_receiver.url, notification(), **config)
        assert error.certain
        assert "cannot be used" in str(error)
        assert str(tmp_path) in str(error)


def test_a_key_with_a_passphrase_is_refused_instead_of_asked_for(
    tls_receiver: Receiver, notification: Notify, certificate: Path, tmp_path: Path
) -> None:
    locked = tmp_path / "locked.pem"
    command = f"openssl ec -in {certificate} -out {locked} -aes128 -passout pass:x"
    subprocess.run(command.split(), capture_output=True, check=True)
    certificates = certificate.read_text()
    locked.write_text(locked.read_text() + certificates[certificates.index("-----BEGIN CERT") :])
    error = refused(tls_receiver.url, notification(), cert_file=str(locked))
    assert "cannot be used" in str(error)


def test_https_to_a_server_that_speaks_http(receiver: Receiver, notification: Notify) -> None:
    error = refused(receiver.url.replace("http", "https"), notification())
    assert error.certain
    assert "cannot be reached encrypted" in str(error)


def test_http_to_a_server_that_speaks_https(tls_receiver: Receiver, notification: Notify) -> None:
    assert not refused(tls_receiver.url.replace("https", "http"), notification()).permanent


def test_a_handshake_that_never_ends(notification: Notify) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"https://127.0.0.1:{listening.getsockname()[1]}/"
        error = refused(url, notification(), timeout=PATIENCE)
    assert error.certain
    assert f"takes no connection within {PATIENCE:g} s" in str(error)


def test_closed_before_the_request_is_read(notification: Notify) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def close_at_once() -> None:
            listening.accept()[0].close()

        closing = threading.Thread(target=close_at_once)
        closing.start()
        error = refused(f"http://127.0.0.1:{listening.getsockname()[1]}/", notification())
        closing.join(10)
    assert not error.permanent


def test_what_was_reached_is_used_once_and_closed_where_it_is_not(
    receiver: Receiver, notification: Notify
) -> None:
    posts = sink(receiver.url)
    posts.reach()
    posts.send(notification(id="1"))
    posts.send(notification(id="2"))
    posts.reach()
    posts.reach()
    posts.close()
    posts.close()
    assert [one.headers["webhook-id"] for one in receiver.requests] == ["1", "2"]


def test_what_is_not_there_cannot_be_reached() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(SendError, match="cannot be reached") as caught:
            sink(f"http://127.0.0.1:{taken.getsockname()[1]}").reach()
    assert caught.value.certain
