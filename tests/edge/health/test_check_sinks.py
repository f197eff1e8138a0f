"""What the doctor thinks of who is to be told; nobody is told anything."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from edge.alerts.sinks.apprise_sink import AppriseConfig
from edge.alerts.sinks.command import CommandConfig
from edge.alerts.sinks.gpio import GpioConfig
from edge.alerts.sinks.jsonl import JsonlConfig
from edge.alerts.sinks.kinds import KINDS
from edge.alerts.sinks.mqtt import MqttConfig
from edge.alerts.sinks.webhook import WebhookConfig
from edge.health import check_sinks
from edge.health.check_sinks import look_at_sink


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(20)
        yield listening


def look(config):
    (found,) = look_at_sink("desk", config)
    assert found.check == "sink desk"
    assert found.advice or found.verdict == "ok"
    return found


@pytest.mark.parametrize("kind", ["webhook", "mqtt"])
def test_it_is_connected_to_and_sent_nothing(listener, kind):
    port = listener.getsockname()[1]
    made = {
        "webhook": lambda: WebhookConfig(url=f"http://u:secret@127.0.0.1:{port}/path"),
        "mqtt": lambda: MqttConfig(type="mqtt", host="127.0.0.1", port=port),
    }[kind]()
    found = look(made)
    assert found.verdict == "ok"
    assert f"127.0.0.1:{port}: can be reached; edge-run alerts test desk" in found.told
    connection, _ = listener.accept()
    with connection:
        assert connection.recv(100) == b""


def test_nobody_listens(listener):
    port = listener.getsockname()[1]
    listener.close()
    found = look(WebhookConfig(url=f"http://u:secret@127.0.0.1:{port}/secret"))
    assert found.verdict == "failed"
    assert "refused" in found.told
    assert "secret" not in found.told + found.advice


def test_a_name_that_nobody_knows():
    found = look(MqttConfig(type="mqtt", host="no-such-host.invalid"))
    assert found.verdict == "failed"
    assert "the name is not known" in found.told
    assert "getent hosts no-such-host.invalid" in found.advice


def test_a_name_server_that_does_not_answer(monkeypatch):
    def never(*_):
        raise TimeoutError("name server: has not returned in 5 s")

    monkeypatch.setattr(check_sinks, "within", never)
    found = look(MqttConfig(type="mqtt", host="broker.example"))
    assert found.verdict == "failed"
    assert "has not returned" in found.told


@pytest.mark.parametrize("url", ["", "ftp://secret@x", "https://", "http://h o"])
def test_an_address_that_can_never_work(url):
    found = look(WebhookConfig(url=url))
    assert found.verdict == "failed"
    assert "secret" not in found.told + found.advice


def test_programs():
    assert look(CommandConfig(command=("sh", "-c", "exit 3"))).verdict == "ok"
    assert look(CommandConfig(command=("/bin/sh",))).verdict == "ok"
    assert look(CommandConfig(command=("/no/such/program",))).verdict == "failed"
    assert look(CommandConfig(command=("/etc/passwd",))).verdict == "failed"
    assert look(CommandConfig()).verdict == "failed"


def test_files(tmp_path):
    assert look(JsonlConfig(path=str(tmp_path / "alerts.jsonl"))).verdict == "ok"
    assert list(tmp_path.iterdir()) == []
    missing = look(JsonlConfig(path=str(tmp_path / "none" / "alerts.jsonl")))
    assert (missing.verdict, "/var/lib/edge-run" in missing.advice) == ("failed", True)


def test_apprise_is_not_asked():
    if find_spec("apprise") is None:
        pytest.skip("apprise is not installed")
    found = look(AppriseConfig(urls=("mailtos://user:secret@example.org",)))
    assert found.verdict == "ok"
    assert "secret" not in found.told


def test_pins_that_this_machine_has_not(monkeypatch, tmp_path):
    if find_spec("gpiozero") is None:
        pytest.skip("gpiozero is not installed")
    monkeypatch.setattr(check_sinks, "Path", lambda _: tmp_path)
    monkeypatch.setattr(check_sinks, "is_installed", lambda name: name == "lgpio")
    assert "no pins" in look(GpioConfig()).told
    (tmp_path / "gpiochip0").touch()
    assert look(GpioConfig()).verdict == "ok"
    monkeypatch.setattr(check_sinks, "is_installed", lambda _: False)
    assert "python3-lgpio" in look(GpioConfig()).advice


@pytest.mark.parametrize("kind", ["mqtt", "gpio", "apprise"])
def test_a_library_that_is_not_installed(monkeypatch, kind):
    monkeypatch.setattr("edge.alerts.sinks.kinds.find_spec", lambda _: None)
    made = {"mqtt": MqttConfig(type="mqtt"), "gpio": GpioConfig(type="gpio")}.get(
        kind, AppriseConfig(urls=("json://localhost",))
    )
    found = look(made)
    assert found.verdict == "failed"
    assert "not installed" in found.told
    assert "install" in found.advice


def test_credentials_that_only_the_service_may_read(monkeypatch):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    found = look(WebhookConfig(url="credential:desk"))
    assert (found.verdict, "sudo" in found.advice) == ("unknown", True)


def test_credentials_are_read_where_they_can_be(monkeypatch, tmp_path, listener):
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    config = WebhookConfig(url="credential:desk")
    assert look(config).verdict == "failed"
    (tmp_path / "desk").write_text(f"http://127.0.0.1:{listener.getsockname()[1]}/secret\n")
    found = look(config)
    assert found.verdict == "ok"
    assert "secret" not in found.told


def test_every_kind_is_looked_at():
    assert set(check_sinks._LOOKS) == set(KINDS)
