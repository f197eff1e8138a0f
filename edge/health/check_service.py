"""The doctor on the service: does systemd run it, and in its sandbox."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edge.health.finding import Finding, failed, ok, unknown, warning
from edge.health.programs import ask

UNIT = "edge-run.service"
ASKED = (
    *("LoadState", "ActiveState", "SubState", "UnitFileState", "NRestarts", "Result"),
    *("ExecMainStatus", "StatusText", "WatchdogUSec"),
    *("ProtectSystem", "DynamicUser", "NoNewPrivileges", "DevicePolicy"),
)
# of a sandbox that is in place; more is said by systemd-analyze security
SANDBOX = {
    "ProtectSystem": "strict",
    "DynamicUser": "yes",
    "NoNewPrivileges": "yes",
    "DevicePolicy": "closed",
}
RESTARTS = 3  # from which somebody should look why
CREDENTIALS, CONFIGURATION = "243", "78"  # how a process ends whose credentials or config are bad


def look_at_service(unit: str = UNIT) -> Iterator[Finding]:
    """The unit as systemd knows it."""
    told = ask("systemctl", "show", unit, *(f"--property={name}" for name in ASKED))
    if told is None:
        yield unknown("service", "systemd does not run here")
        return
    about = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
    yield from service(about, unit)


def service(about: Mapping[str, str], unit: str = UNIT) -> Iterator[Finding]:
    """What to think of a unit.

    Args:
        about: Properties as `systemctl show` prints them.
        unit: Its name.
    """
    name = unit.removesuffix(".service")
    if about.get("LoadState") != "loaded":
        told = f"{name} is not installed as a service ({about.get('LoadState') or 'unknown'})"
        yield warning("service", told, "sudo systemd/install.sh installs it")
        return
    yield _state(about, name)
    if about.get("UnitFileState") not in {"enabled", "enabled-runtime", "static"}:
        advice = f"sudo systemctl enable {name}"
        yield warning("start at boot", "the service does not start with the device", advice)
    restarts = about.get("NRestarts", "")
    if restarts.isdigit() and int(restarts) >= RESTARTS:
        yield warning("restarts", f"systemd has restarted it {restarts} times", _journal(name))
    if about.get("WatchdogUSec") in {"0", "infinity"}:
        yield warning("watchdog", "nobody notices if it hangs", "set WatchdogSec=30 in the unit")
    open_doors = [name for name, value in SANDBOX.items() if about.get(name) != value]
    if open_doors:
        advice = (
            f"systemctl cat {name} shows which file opens it; systemd/install.sh renews the unit"
        )
        yield warning("sandbox", f"not in place: {', '.join(open_doors)}", advice)
    else:
        yield ok("sandbox", f"in place; systemd-analyze security {name} tells more")


def _journal(name: str) -> str:
    return f"sudo journalctl -u {name} -n 30 tells why"


def _state(about: Mapping[str, str], name: str) -> Finding:
    state, sub = about.get("ActiveState", ""), about.get("SubState", "")
    status = about.get("StatusText", "")
    if state == "active":
        return ok("service", "runs" + (f": {status}" if status else ""))
    code = about.get("ExecMainStatus", "")
    last = f"last exit {code}" if code not in {"", "0"} else about.get("Result", "")
    told = f"{state} ({sub}){f', {last}' if last else ''}"
    if code == CONFIGURATION:
        advice = "the configuration or model cannot be used: mend it, then sudo systemctl restart "
        return failed("service", told, advice + name)
    if code == CREDENTIALS:
        advice = "systemd cannot pass on /etc/edge-run/credentials: see the line on credentials"
        return failed("service", told, advice)
    if state == "inactive":
        return warning("service", told, f"sudo systemctl start {name}")
    return failed("service", told, _journal(name))


def health_port(
    where: tuple[str, int] | None,
    running: dict[str, Any] | None,
    installed: bool,
    unit: str = UNIT,
) -> Iterator[Finding]:
    """What the health port says.

    Args:
        where: Host and port that are configured; None for none.
        running: What it answers.
        installed: Whether prometheus_client is there.
        unit: The service's name.
    """
    if where is None:
        yield ok("health port", "switched off (health.listen is empty)")
        return
    shown = f"{where[0]}:{where[1]}"
    if running is None:
        yield unknown("health port", f"{shown}: no service answers")
    elif running.get("status") in {"ok", "degraded"}:
        yield from _answered(shown, running)
    else:
        told = f"{shown}: the service is {running.get('status')}"
        journal = _journal(unit.removesuffix(".service"))
        yield failed("health port", told, "see the line on the camera, and " + journal)
    if not installed:
        advice = "pip install 'edge-emotion[metrics]', if Prometheus is to ask"
        yield warning("metrics", "prometheus_client is not installed", advice)


def _answered(shown: str, running: dict[str, Any]) -> Iterator[Finding]:
    outbox = str(running.get("outbox", ""))
    if outbox not in {"", "on disk"}:
        yield failed("alerts kept", outbox, "see the lines on disk and card")
    yield ok(
        "health port", f"{shown}: {running['status']}, {running.get('frames_per_second')} frames/s"
    )
