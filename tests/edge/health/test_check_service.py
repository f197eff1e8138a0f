"""What the doctor thinks of the unit and of what its health port answers."""

from __future__ import annotations

import pytest

from edge.health import check_service
from edge.health.check_service import health_port, look_at_service, service

GOOD = {
    "LoadState": "loaded",
    "ActiveState": "active",
    "SubState": "running",
    "UnitFileState": "enabled",
    "NRestarts": "0",
    "Result": "success",
    "ExecMainStatus": "0",
    "StatusText": "sees 0: 9.8 frames/s",
    "WatchdogUSec": "30s",
    "ProtectSystem": "strict",
    "DynamicUser": "yes",
    "NoNewPrivileges": "yes",
    "DevicePolicy": "closed",
}


def verdicts(findings) -> dict[str, str]:
    return {one.check: str(one.verdict) for one in findings}


def test_a_service_in_good_health():
    found = list(service(GOOD))
    assert verdicts(found) == {"service": "ok", "sandbox": "ok"}
    assert "9.8 frames/s" in found[0].told


@pytest.mark.parametrize(
    ("changes", "check", "verdict", "advice"),
    [
        ({"LoadState": "not-found"}, "service", "warning", "install.sh"),
        ({"LoadState": ""}, "service", "warning", "install.sh"),
        ({"ActiveState": "inactive"}, "service", "warning", "systemctl start"),
        ({"ActiveState": "failed", "ExecMainStatus": "70"}, "service", "failed", "journalctl"),
        ({"ActiveState": "activating", "Result": "exit-code"}, "service", "failed", "journalctl"),
        ({"ActiveState": "failed", "ExecMainStatus": "78"}, "service", "failed", "configuration"),
        ({"ActiveState": "activating", "ExecMainStatus": "243"}, "service", "failed", "credential"),
        ({"UnitFileState": "disabled"}, "start at boot", "warning", "systemctl enable"),
        ({"NRestarts": "7"}, "restarts", "warning", "journalctl"),
        ({"WatchdogUSec": "0"}, "watchdog", "warning", "WatchdogSec"),
        ({"ProtectSystem": "no"}, "sandbox", "warning", "systemctl cat"),
        ({"DynamicUser": "no"}, "sandbox", "warning", "systemctl cat"),
    ],
)
def test_what_is_wrong_is_told_with_what_to_do(changes, check, verdict, advice):
    found = {one.check: one for one in service(GOOD | changes)}
    assert found[check].verdict == verdict
    assert advice in found[check].advice


@pytest.mark.parametrize("changes", [
    {"ActiveState": "failed", "ExecMainStatus": "78"},
    {"ActiveState": "failed", "ExecMainStatus": "70"},
    {"ActiveState": "inactive"},
    {"UnitFileState": "disabled"},
    {"NRestarts": "7"},
    {"ProtectSystem": "no"},
])  # fmt: skip
def test_advice_for_an_instance_names_it(changes):
    found = list(service(GOOD | changes, "edge-run@door.service"))
    advice = next(one.advice for one in found if one.advice)
    assert "edge-run@door" in advice
    assert "edge-run@door.service" not in advice


def test_the_journal_to_read_is_the_instances():
    (found,) = health_port(WHERE, {"status": "blind"}, True, "edge-run@door.service")
    assert "journalctl -u edge-run@door " in found.advice


def test_two_restarts_are_no_news():
    assert "restarts" not in verdicts(service(GOOD | {"NRestarts": "2"}))


def test_properties_are_read_as_systemctl_prints_them(monkeypatch):
    lines = "\n".join(f"{key}={value}" for key, value in GOOD.items())
    monkeypatch.setattr(check_service, "ask", lambda *_: lines + "\nStatusText=a=b\n\n")
    found = list(look_at_service())
    assert "a=b" in found[0].told


def test_without_systemd_it_is_unknown(monkeypatch):
    monkeypatch.setattr(check_service, "ask", lambda *_: None)
    assert verdicts(look_at_service()) == {"service": "unknown"}


WHERE = ("127.0.0.1", 9464)


@pytest.mark.parametrize(
    ("where", "running", "installed", "expected"),
    [
        (None, None, False, {"health port": "ok"}),
        (WHERE, None, True, {"health port": "unknown"}),
        (WHERE, {"status": "ok", "outbox": "on disk"}, True, {"health port": "ok"}),
        (
            WHERE,
            {"status": "degraded", "outbox": "outbox in memory: disk full"},
            True,
            {"alerts kept": "failed", "health port": "ok"},
        ),
        (WHERE, {"status": "blind"}, True, {"health port": "failed"}),
        (WHERE, {"status": "stuck"}, False, {"health port": "failed", "metrics": "warning"}),
        (WHERE, {}, True, {"health port": "failed"}),
    ],
)
def test_health_port(where, running, installed, expected):
    assert verdicts(health_port(where, running, installed)) == expected
