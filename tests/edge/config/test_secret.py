from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.alerts.sinks.apprise_sink import AppriseConfig
from edge.alerts.sinks.mqtt import MqttConfig
from edge.alerts.sinks.webhook import WebhookConfig
from edge.config import CameraConfig, Config, secret
from edge.config.secret import (
    MOST,
    given_by_systemd,
    is_reference,
    masked,
    resolve,
    resolved,
    resolved_table,
    told_of,
)
from edge.errors import ConfigError

PATIENT = settings(deadline=None)  # other jobs may run beside the tests


@pytest.fixture
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder as systemd gives it."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        (b"hunter2", "hunter2"),
        (b"hunter2\n", "hunter2"),
        (b"hunter2\r\n", "hunter2"),
        (b" two words \n", " two words "),
        ("schlüssel\n".encode(), "schlüssel"),
        (b"x" * MOST, "x" * MOST),
    ],
    ids=["bare", "newline", "windows", "spaces", "utf-8", "longest"],
)
def test_a_reference_leads_to_the_secret(credentials: Path, content: bytes, secret: str) -> None:
    (credentials / "desk").write_bytes(content)
    assert resolve("credential:desk") == secret
    assert resolve(f"file:{credentials}/desk") == secret
    assert resolve(f"file://{credentials}/desk") == secret


@PATIENT
@given(st.text().filter(lambda text: not is_reference(text)))
def test_anything_else_is_the_value_itself(text: str) -> None:
    assert resolve(text) == text


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, r"cannot be read \(No such file or directory\)"),
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\xff\xfe", "is not text"),
        (b"x" * (MOST + 1), "is too long"),
    ],
    ids=["absent", "empty", "blank", "binary", "long"],
)
def test_a_reference_that_leads_nowhere_says_what_to_do(
    credentials: Path, content: bytes | None, why: str
) -> None:
    if content is not None:
        (credentials / "desk").write_bytes(content)
    unit = "/etc/edge-run/credentials/desk, readable by root only, and restart the service"
    with pytest.raises(ConfigError, match=rf"^credential:desk: {why}; put .*{unit}$"):
        resolve("credential:desk")
    with pytest.raises(ConfigError, match=rf"^file:{credentials}/desk: {why}; the secret must"):
        resolve(f"file:{credentials}/desk")


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize("name", ["", "..", "../shadow", "a/b", "."])
def test_a_credential_is_a_name_and_no_path(name: str) -> None:
    with pytest.raises(ConfigError, match="is not a name of a credential"):
        resolve(f"credential:{name}")


def test_by_hand_root_finds_them_where_the_unit_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.setattr(secret, "FOLDER", tmp_path / "credentials")
    assert given_by_systemd("credential:desk")
    assert not given_by_systemd("file:/desk")
    with pytest.raises(ConfigError, match=r"cannot be read .*/credentials/desk"):
        resolve("credential:desk")
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "desk").write_text("top secret\n")
    assert resolve("credential:desk") == "top secret"
    assert not given_by_systemd("credential:desk")


def test_a_folder_loaded_as_a_whole_is_understood(credentials: Path) -> None:
    (credentials / "secret_desk").write_text("top secret\n")
    assert resolve("credential:desk") == "top secret"


def test_a_file_whose_name_cannot_be_is_told() -> None:
    with pytest.raises(ConfigError, match=r"is not text|cannot be read"):
        resolve("file:/a\0b")


CONFIG = Config(
    camera=CameraConfig(source="rtsp://anna:hunter2@cam/1"),
    sinks={
        "desk": WebhookConfig(
            "webhook",
            url="https://desk.example.org/hunter2",
            secret="credential:desk",
            headers=("Authorization: hunter2", "file:/etc/header"),
        ),
        "broker": MqttConfig("mqtt", password="hunter2", topic="http://anna:hunter2@host/"),
        "mail": AppriseConfig("apprise", urls=("tgram://hunter2/chat",)),
    },
)


def test_secrets_are_masked_and_references_are_shown() -> None:
    shown = masked(CONFIG)
    assert "hunter2" not in str(shown)
    assert shown["camera"]["source"] == "rtsp://anna:***@cam/1"
    assert shown["sinks"]["desk"]["url"] == "***"
    assert shown["sinks"]["desk"]["secret"] == "credential:desk"
    assert shown["sinks"]["desk"]["headers"] == ("***", "file:/etc/header")
    assert shown["sinks"]["broker"]["password"] == "***"
    assert shown["sinks"]["mail"]["urls"] == ("***",)
    assert masked(Config(sinks={"b": MqttConfig("mqtt")}))["sinks"]["b"]["password"] == ""


def test_all_references_are_replaced_by_what_they_refer_to(credentials: Path) -> None:
    for name in ("camera", "desk", "mail"):
        (credentials / name).write_text(f"secret of {name}\n")
    config = Config(
        camera=CameraConfig(source="credential:camera"),
        sinks={
            "desk": WebhookConfig("webhook", secret="credential:desk"),
            "mail": AppriseConfig("apprise", urls=("tgram://x", "credential:mail")),
        },
    )
    found = resolved(config)
    assert found.camera.source == "secret of camera"
    assert found.sinks["desk"] == WebhookConfig("webhook", secret="secret of desk")
    assert found.sinks["mail"] == AppriseConfig("apprise", urls=("tgram://x", "secret of mail"))
    assert replace(found, camera=config.camera, sinks=config.sinks) == config
    assert resolved(Config()) == Config()


@pytest.mark.usefixtures("credentials")
def test_a_key_that_is_no_secret_is_never_a_reference() -> None:
    sink = MqttConfig("mqtt", host="credential:desk", topic="file:/etc/hostname")
    assert resolved_table("sinks.broker", sink) == sink


@pytest.mark.usefixtures("credentials")
def test_a_reference_that_leads_nowhere_names_its_key() -> None:
    sinks = {"desk": WebhookConfig("webhook", secret="credential:desk")}
    with pytest.raises(ConfigError, match=r"^sinks\.desk\.secret: credential:desk: cannot be read"):
        resolved(Config(sinks=sinks))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ""),
        ("credential:desk", "credential:desk"),
        ("hunter2", "***"),
        (
            "https://anna:hunter2@desk.example.org:8443/hunter2?hunter2",
            "https://desk.example.org:8443/***",
        ),
        ("https://desk.example.org/hunter2", "https://desk.example.org/***"),
        ("http://[::1/hunter2", "http://***"),
        ("http://host:hunter2/", "http://***"),
        ("tgram://hunter2/chat", "tgram://***"),
        ("Authorization: hunter2://x", "***"),
    ],
)
def test_what_may_be_told_of_a_secret(text: str, told: str) -> None:
    assert told_of(text) == told
