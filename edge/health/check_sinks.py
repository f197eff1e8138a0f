"""The doctor on who is to be told: can each be reached, without being told anything."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge.alerts.sinks.base import SinkConfig
from edge.alerts.sinks.kinds import KINDS
from edge.bounded import within
from edge.config.secret import given_by_systemd, resolved_table, secret_values
from edge.errors import ConfigError
from edge.health.check_software import is_installed
from edge.health.finding import AS_ROOT, Finding, failed, ok, refused, unknown

SECONDS = 4.0  # for a name, and again for a connection
TEST = "edge-run alerts test {} sends a marked test"


def look_at_sink(name: str, config: SinkConfig) -> Iterator[Finding]:
    """One sink.

    Args:
        name: Of its table: `[sinks.NAME]`.
        config: As configured, its secrets not looked up.
    """
    check = f"sink {name}"
    texts = [text for _, value in secret_values(f"sinks.{name}", config) for text in _texts(value)]
    if any(map(given_by_systemd, texts)):
        yield unknown(check, "its credentials are readable for the service and root only", AS_ROOT)
        return
    kind = KINDS[config.type]
    try:
        told = resolved_table(f"sinks.{name}", config)
        kind.make(name, told, "doctor").close()
    except ConfigError as error:
        yield refused(check, str(error), f"mend [sinks.{name}]; README has examples")
        return
    if missing := kind.missing():
        yield refused(check, missing, f"install what type = {config.type!r} needs")
        return
    yield _LOOKS[config.type](check, told)


def _webhook(check: str, config: Any) -> Finding:
    from edge.alerts.sinks.http_address import read_address

    address = read_address(config.url)
    return _reach(check, address.host, address.port)


def _mqtt(check: str, config: Any) -> Finding:
    return _reach(check, config.host, config.port)


def _reach(check: str, host: str, port: int) -> Finding:
    """Whether a connection can be made; it is closed at once."""
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        within(SECONDS, "name server", lambda: socket.getaddrinfo(host, port))
    except (OSError, UnicodeError) as error:  # a TimeoutError is one
        told = f"{host}: the name is not known ({_reason(error)})"
        return failed(check, told, f"check the name and the network: getent hosts {host}")
    try:
        socket.create_connection((host, port), timeout=SECONDS).close()
    except OSError as error:
        told = f"{shown}: cannot be reached ({_reason(error)})"
        return failed(check, told, "is it on, and does a firewall let this device through?")
    return ok(check, f"{shown}: can be reached; {TEST.format(check.removeprefix('sink '))}")


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


def _command(check: str, config: Any) -> Finding:
    from edge.alerts.sinks.command import PATH

    program = config.command[0]
    where = shutil.which(program, path=PATH)
    if where is None:
        told = f"{program}: is not there, or not executable"
        return failed(check, told, "give its full path, and chmod 755 it")
    return ok(check, f"{where}: executable; {TEST.format(check.removeprefix('sink '))}")


def _gpio(check: str, config: Any) -> Finding:
    libraries = [one for one in ("lgpio", "RPi.GPIO", "pigpio") if is_installed(one)]
    if not libraries:
        told = "gpiozero has no pin library to work with"
        return failed(check, told, "sudo apt install python3-lgpio; see README, GPIO")
    chips = sorted(Path("/dev").glob("gpiochip*"))
    if not chips:
        return failed(check, "this machine has no pins (/dev/gpiochip*)", "remove the sink here")
    if not any(os.access(chip, os.R_OK | os.W_OK) for chip in chips):
        told = f"{chips[0]}: this user may not use it"
        return failed(check, told, "sudo usermod -aG gpio $USER, then log in again")
    return ok(check, f"pin {config.pin}, with {libraries[0]}")


def _jsonl(check: str, config: Any) -> Finding:
    path = Path(config.path)
    there = path if path.exists() else path.parent
    if not there.exists():
        advice = "set path to a file in the service's state folder, /var/lib/edge-run by default"
        return failed(check, f"{there}: does not exist", advice)
    if not os.access(there, os.W_OK):
        return unknown(check, f"{there}: this user may not write there; the service's user may")
    return ok(check, f"{path}: can be written")


def _apprise(check: str, config: Any) -> Finding:
    number = len(config.urls)
    told = f"apprise is installed; {number} address{'es' if number != 1 else ''} not asked"
    return ok(check, f"{told}; {TEST.format(check.removeprefix('sink '))}")


_LOOKS = {
    "webhook": _webhook,
    "mqtt": _mqtt,
    "command": _command,
    "gpio": _gpio,
    "jsonl": _jsonl,
    "apprise": _apprise,
}


def _texts(value: Any) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (value,)
