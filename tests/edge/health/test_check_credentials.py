"""Whether the service can read what it is given, and systemd pass it on."""

from __future__ import annotations

import os

import pytest

from edge.health import check_credentials
from edge.health.check_credentials import look_at_credentials, may_be_read


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.toml"
    path.touch()
    return path


@pytest.mark.parametrize(
    ("mode", "services", "told"),
    [(0o640, True, False), (0o644, False, False), (0o600, True, True), (0o640, False, True)],
)
def test_a_configuration_closed_to_the_service(config, monkeypatch, mode, services, told):
    config.chmod(mode)
    monkeypatch.setattr(check_credentials, "_is_services", lambda _group: services)
    found = list(may_be_read(config))
    assert bool(found) == told
    assert all(f"chgrp video {config}" in one.advice for one in found)


def test_without_the_group_nobody_is_in_it(monkeypatch):
    monkeypatch.setattr(check_credentials, "GROUP", "no-such-group")
    assert not check_credentials._is_services(0)


def test_good_credentials_are_counted(tmp_path):
    (tmp_path / "old").mkdir()
    for name in ("mqtt", "a b", "old/mqtt"):
        (tmp_path / name).touch()
    (found,) = look_at_credentials(tmp_path)
    assert (found.verdict, found.told.partition(" ")[0]) == ("ok", "3")


@pytest.mark.parametrize("name", ["schlüssel", "a:b", "line\nbreak"])
def test_a_name_that_stops_the_service_is_told(tmp_path, name):
    (tmp_path / "good").touch()
    (tmp_path / name).touch()
    (found,) = look_at_credentials(tmp_path)
    assert found.verdict == "failed"
    assert str(tmp_path / name) in found.told
    assert "rename" in found.advice


def test_too_much_is_told(tmp_path):
    (tmp_path / "big").touch()
    os.truncate(tmp_path / "big", check_credentials.MOST + 1)
    (found,) = look_at_credentials(tmp_path)
    assert found.verdict == "failed"


def test_none_is_no_news(tmp_path):
    assert not list(look_at_credentials(tmp_path / "none"))
    assert not list(look_at_credentials(tmp_path))


def test_root_only_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    (found,) = look_at_credentials(tmp_path)
    assert found.verdict == "unknown"
    assert "sudo" in found.advice
