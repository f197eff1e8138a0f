"""What `edge-run --check-config` tells of a service, and that it does nothing else."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from edge.check_config import check_config
from edge.config import load
from edge.errors import ConfigError

SERVICE = """\
[camera]
source = "rtsp://anna:hunter2@cam/1"

[sinks.desk]
type = "webhook"
url = "https://desk.example.org/hunter2"
secret = "credential:desk"

[sinks.lamp]
type = "command"
command = ["/bin/lamp", "http://anna:hunter2@lamp/"]

[outbox]
path = "alerts.sqlite3"
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A service's configuration that only its owner may read, and no credentials."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    path = tmp_path / "config.toml"
    path.write_text(SERVICE)
    path.chmod(0o600)
    return path


def test_it_tells_what_would_be_used_and_no_secret(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check_config(load(file, {}), file)
    told = capsys.readouterr().out
    for line in (
        f"configuration: {file}: good",
        "camera: rtsp://anna:***@cam/1 (not opened)",
        "sink desk: webhook url = https://desk.example.org/***, secret = credential:desk "
        "(nothing sent)",
        "sink lamp: command command = /bin/lamp http://anna:***@lamp/ (nothing sent)",
        "outbox: alerts.sqlite3",
        "health: http://127.0.0.1:9464/healthz",
        "sinks.desk.secret: credential:desk: cannot be checked by hand; systemd gives it to the "
        "service",
    ):
        assert line in told.splitlines()
    assert "hunter2" not in told
    assert "warning" not in told


def test_a_credential_that_can_be_read_is_told(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (file.parent / "desk").write_text("hunter2")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(file.parent))
    check_config(load(file, {}), file)
    told = capsys.readouterr().out
    assert "sinks.desk.secret: credential:desk: can be read\n" in told
    assert "hunter2" not in told


def test_a_credential_that_cannot_be_read_is_an_error(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(file.parent / "none"))
    with pytest.raises(ConfigError, match=r"sinks\.desk\.secret: credential:desk: cannot be read"):
        check_config(load(file, {}), file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[sinks.desk]\ntype = "webhook"\n', "desk"),
        ('[sinks.a]\ntype = "mqtt"\nhost = ""\n', r"sinks\.a\.host is empty"),
        ('[sinks.a]\ntype = "command"\n', "a"),
        ('[health]\nlisten = "0.0.0.0:80"\n', r"health\.listen = .*others can reach"),
        (
            '[sinks.a]\ntype = "mqtt"\nhost = ""\n[health]\nlisten = "x"\n',
            r"sinks\.a\.host is empty.*; health\.listen = 'x'",
        ),
    ],
)
def test_what_can_never_work_is_an_error(file: Path, text: str, message: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError, match=message):
        check_config(load(file, {}), file)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (SERVICE, "camera.source, sinks.desk.url"),
        ('[sinks.m]\ntype = "mqtt"\nusername = "a"\npassword = "hunter2"\n', "sinks.m.password"),
        ('[sinks.m]\ntype = "mqtt"\nusername = "a"\npassword = "credential:m"\n', ""),
        ('[camera]\nsource = "rtsp://cam/1"\n', ""),
        ("", ""),
    ],
)
def test_a_file_with_secrets_that_all_may_read_is_warned_of(
    file: Path, capsys: pytest.CaptureFixture[str], text: str, keys: str
) -> None:
    file.write_text(text)
    file.chmod(0o644)
    check_config(load(file, {}), file)
    told = capsys.readouterr().out
    warning = f"warning: {file} can be read by every user and holds {keys}; chmod o-r {file}"
    assert (warning in told) if keys else ("warning" not in told)


def test_a_secret_from_elsewhere_is_not_the_files_fault(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text('[sinks.m]\ntype = "mqtt"\nusername = "a"\n')
    file.chmod(0o644)
    check_config(load(file, {"EDGE_RUN_SINKS_M_PASSWORD": "hunter2"}), file)
    told = capsys.readouterr().out
    assert "warning" not in told
    assert "hunter2" not in told


def test_a_library_that_is_not_there_is_an_error(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.alerts.sinks.kinds.find_spec", lambda _name: None)
    file.write_text('[sinks.m]\ntype = "mqtt"\n')
    with pytest.raises(ConfigError, match=r"sinks\.m: paho is not installed; run pip install"):
        check_config(load(file, {}), file)


def test_no_connection_is_made(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a sink of every type that sends over the network."""

    def refuse(*_: object) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "bind", refuse)
    file.write_text(SERVICE + '[sinks.m]\ntype = "mqtt"\nhost = "broker.example.org"\n')
    check_config(load(file, {}), file)
