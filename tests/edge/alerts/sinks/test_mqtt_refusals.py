"""Brokers that refuse: passwords, access lists, certificates, silence, another protocol."""

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.faults.mosquitto import PROGRAM, Mosquitto, free_port
from benchmarks.faults.subscriber import Subscriber
from edge.alerts.notification import Notification
from edge.alerts.sinks.base import SendError
from edge.alerts.sinks.mqtt import MqttConfig
from edge.alerts.sinks.mqtt_sink import MqttSink
from edge.backoff import Backoff

Make = Callable[..., Notification]
needs_mosquitto = pytest.mark.skipif(PROGRAM is None, reason="mosquitto is not installed")


class Sinks:
    """Makes sinks and closes them."""

    def __init__(self) -> None:
        self._made: list[MqttSink] = []

    def __call__(self, port: int, **changes: object) -> MqttSink:
        values: dict[str, object] = {"host": "127.0.0.1", "port": port, "timeout": 20.0}
        config = MqttConfig(**{**values, **changes})  # type: ignore[arg-type]
        self._made.append(MqttSink("home", config, "desk", Backoff(first=0.01, most=0.05)))
        return self._made[-1]

    def close(self) -> None:
        for one in self._made:
            one.close()


@pytest.fixture
def sinks() -> Iterator[Sinks]:
    made = Sinks()
    yield made
    made.close()


def passwords(folder: Path, **users: str) -> Path:
    file = folder / "passwords"
    file.write_text("".join(f"{user}:{word}\n" for user, word in users.items()))
    file.chmod(0o600)
    subprocess.run(["mosquitto_passwd", "-U", str(file)], check=True, timeout=30)
    return file


def settings(file: Path, more: str = "") -> str:
    return f"allow_anonymous false\npassword_file {file}\n{more}"


@needs_mosquitto
def test_a_wrong_password_is_said_and_can_be_mended(
    tmp_path: Path, sinks: Sinks, notification: Make
) -> None:
    file = passwords(tmp_path, desk="old")
    with Mosquitto(tmp_path, settings(file)) as broker:
        sink = sinks(broker.port, username="desk", password="new-and-secret")
        with pytest.raises(SendError, match="check username") as caught:
            sink.send(notification())
        assert caught.value.certain
        assert not caught.value.permanent
        assert "new-and-secret" not in str(caught.value)
        passwords(tmp_path, desk="new-and-secret")
        broker.stop()
        broker.start()
        sink.send(notification())


@needs_mosquitto
def test_a_refused_service_is_not_online(
    tmp_path: Path, sinks: Sinks, notification: Make, caplog: pytest.LogCaptureFixture
) -> None:
    file = passwords(tmp_path, desk="right", watcher="watcher")
    with (
        Mosquitto(tmp_path, settings(file)) as broker,
        Subscriber(broker.port, username="watcher", password="watcher") as listener,
    ):
        sink = sinks(broker.port, username="desk", password="wrong")
        sink.report({"firing": 0})
        for _ in range(5):
            with pytest.raises(SendError):
                sink.send(notification())
        listener.publish("mark", b"")
        listener.until(lambda: listener.on("mark"))
        assert [one.topic for one in listener.seen] == ["mark"]
    assert caplog.text.count("check username") == 1
    assert "connected" not in caplog.text


@needs_mosquitto
def test_a_forbidden_topic_is_said(tmp_path: Path, sinks: Sinks, notification: Make) -> None:
    access = tmp_path / "access"
    access.write_text("user desk\ntopic readwrite edge-run/desk/availability\n")
    file = passwords(tmp_path, desk="desk")
    with Mosquitto(tmp_path, settings(file, f"acl_file {access}")) as broker:
        sink = sinks(broker.port, username="desk", password="desk")
        with pytest.raises(SendError, match="publish to edge-run/desk/event; mend") as caught:
            sink.send(notification())
        assert caught.value.certain
        sink.report({"firing": 0, "alerts.anger": 0})
        access.write_text("user desk\ntopic readwrite #\n")
        broker.stop()
        broker.start()
        sink.send(notification())


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, timeout=60, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`ca.pem`; `broker` for 127.0.0.1, `elsewhere` for another host, `desk` for a client."""
    folder = tmp_path_factory.mktemp("certificates")
    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(
        folder, "req", "-x509", *new, "-subj", "/CN=test authority", "-days", "2",
        "-keyout", "ca.key", "-out", "ca.pem",
    )  # fmt: skip
    for name, alternative in (
        ("broker", "IP:127.0.0.1"),
        ("elsewhere", "DNS:elsewhere.example"),
        ("desk", "DNS:desk"),
    ):
        openssl(
            folder, "req", "-x509", *new, "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2",
            "-subj", f"/CN={name}", "-addext", f"subjectAltName={alternative}",
            "-addext", "basicConstraints=critical,CA:FALSE",
            "-keyout", f"{name}.key", "-out", f"{name}.pem",
        )  # fmt: skip
    return folder


def tls(folder: Path, name: str, more: str = "") -> str:
    return (
        f"allow_anonymous true\ncafile {folder}/ca.pem\ncertfile {folder}/{name}.pem\n"
        f"keyfile {folder}/{name}.key\n{more}"
    )


@needs_mosquitto
def test_tls_with_ones_own_authority(
    tmp_path: Path, certificates: Path, sinks: Sinks, notification: Make
) -> None:
    with Mosquitto(tmp_path, tls(certificates, "broker")) as broker:
        sinks(broker.port, tls=True, ca_file=f"{certificates}/ca.pem").send(notification())
        with pytest.raises(SendError, match=r"not trusted .*check host and ca_file"):
            sinks(broker.port, tls=True).send(notification())
        with pytest.raises(SendError, match=r"does its port want TLS|closed the connection"):
            sinks(broker.port).send(notification())


@needs_mosquitto
def test_a_certificate_for_another_host_is_not_trusted(
    tmp_path: Path, certificates: Path, sinks: Sinks, notification: Make
) -> None:
    with Mosquitto(tmp_path, tls(certificates, "elsewhere")) as broker:
        sink = sinks(broker.port, tls=True, ca_file=f"{certificates}/ca.pem")
        with pytest.raises(SendError, match="not trusted"):
            sink.send(notification())


@needs_mosquitto
def test_a_client_certificate(
    tmp_path: Path, certificates: Path, sinks: Sinks, notification: Make
) -> None:
    ca = f"{certificates}/ca.pem"
    mine = {"cert_file": f"{certificates}/desk.pem", "key_file": f"{certificates}/desk.key"}
    with Mosquitto(tmp_path, tls(certificates, "broker", "require_certificate true")) as broker:
        sinks(broker.port, tls=True, ca_file=ca, **mine).send(notification())
        with pytest.raises(SendError, match="certificate"):
            sinks(broker.port, tls=True, ca_file=ca).send(notification())


@needs_mosquitto
def test_tls_to_a_port_without_it(tmp_path: Path, sinks: Sinks, notification: Make) -> None:
    with (
        Mosquitto(tmp_path) as broker,
        pytest.raises(SendError, match=r"does not agree on TLS|cannot be reached"),
    ):
        sinks(broker.port, tls=True).send(notification())


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"ca_file": "none.pem"}, "ca_file .*none.pem cannot be read: No such file"),
        ({"ca_file": "ca.key"}, "ca_file .*ca.key holds no certificate"),
        ({"cert_file": "desk.pem", "key_file": "broker.key"}, "cert_file .*desk.pem cannot be"),
        ({"cert_file": "desk.pem"}, "cert_file .*desk.pem cannot be used with its key"),
    ],
)
def test_files_that_cannot_be_used_are_named(
    certificates: Path, sinks: Sinks, notification: Make, files: dict[str, str], said: str
) -> None:
    paths = {key: str(certificates / name) for key, name in files.items()}
    with pytest.raises(SendError, match=said) as caught:
        sinks(free_port(), tls=True, **paths).send(notification())
    assert caught.value.certain


class Listener:
    """Takes connections and answers each with the same bytes, or with nothing."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
                self._open.append(connection)
                if answer := self._answer(connection.recv(4096)):
                    connection.sendall(answer)
            except OSError:
                return

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in self._open:
            connection.close()
        self._thread.join(30)


@pytest.fixture
def listening() -> Iterator[Callable[[Callable[[bytes], bytes]], int]]:
    made: list[Listener] = []

    def listen(answer: Callable[[bytes], bytes]) -> int:
        made.append(Listener(answer))
        return made[-1].port

    yield listen
    for one in made:
        one.close()


Listen = Callable[[Callable[[bytes], bytes]], int]


def test_a_listener_that_never_answers_times_out(
    listening: Listen, sinks: Sinks, notification: Make
) -> None:
    begun = time.monotonic()
    with pytest.raises(SendError, match=r"takes connections but does not answer|being called"):
        sinks(listening(lambda _: b""), timeout=0.3).send(notification())
    assert time.monotonic() - begun < 20


def test_closing_while_a_listener_does_not_answer(listening: Listen, sinks: Sinks) -> None:
    sink = sinks(listening(lambda _: b""), timeout=60.0)
    sink.report({"firing": 0})
    begun = time.monotonic()
    sink.close()
    assert time.monotonic() - begun < 20  # not the time-out of 60 s


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x20\x03\x00\x77\x00", b"\x00" * 64, b"\xff" * 64,
     b"\x20\x02\x00", b"SSH-2.0-OpenSSH_9.2\r\n"],
)  # fmt: skip
def test_what_is_not_mqtt_is_no_connection(
    listening: Listen, sinks: Sinks, notification: Make, answer: bytes
) -> None:
    with pytest.raises(SendError) as caught:
        sinks(listening(lambda _: answer), timeout=0.5).send(notification())
    assert caught.value.certain


def test_a_broker_of_the_former_protocol_is_used_and_that_is_told(
    listening: Listen, sinks: Sinks, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[int] = []
    connected = threading.Event()

    def answer(packet: bytes) -> bytes:
        asked.append(packet[8])  # the protocol's level, after its name
        if asked[-1] == 5:
            return b"\x20\x02\x00\x01"
        connected.set()
        return b"\x20\x02\x00\x00"

    sinks(listening(answer)).report({"firing": 0})
    assert connected.wait(30)
    assert asked == [5, 4]
    assert "speaks MQTT 3.1.1 only" in caplog.text
