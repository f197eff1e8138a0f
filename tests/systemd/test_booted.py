"""The service as it runs at a desk: installed, started, killed, hung, upgraded, taken away.

In this order, since installing takes longest: what comes later builds on what came before.
"""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

UNIT, CONFIG = "edge-run.service", "/etc/edge-run/config.toml"
INSTALL = ("bash", "/checkout/systemd/install.sh", "--wheels", "/wheels")
# the built-in visitor; a desk has a camera in this place
DEMO = '[camera]\nsource = "demo:?loop=on"\n[health]\nlisten = "127.0.0.1:%d"\n'
# a desk can wait for half a minute, a test need not
HASTE = "[Service]\nRestartSec=100ms\nWatchdogSec=5\n"
PROBE = "[Service]\nExecStartPre=/usr/bin/python3 /checkout/tests/systemd/probe.py\n"


@pytest.fixture(scope="module")
def installed(machine: Any) -> Any:
    """The machine after the first install.sh, with its configuration pointed at the visitor."""
    machine.run("mkdir", "-p", "/etc/edge-run")
    machine.write(CONFIG, DEMO % 9464)
    machine.run(*INSTALL)
    machine.run("mkdir", "-p", f"/etc/systemd/system/{UNIT}.d")
    machine.write(f"/etc/systemd/system/{UNIT}.d/haste.conf", HASTE)
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", UNIT)
    return machine


def signalled(machine: Any, number: signal.Signals) -> tuple[int, int]:
    """Send a signal to the service's process; its number before, and of the one after it."""
    before = machine.running(UNIT)
    assert before, machine.journal(UNIT)
    machine.run("kill", f"-{number.value}", str(before))
    return before, machine.replaced(UNIT, before)


def test_status_says_what_it_sees(installed: Any) -> None:
    assert installed.running(UNIT)
    installed.until(
        lambda: "sees" in installed.show(UNIT, "StatusText")["StatusText"], "STATUS: sees"
    )
    assert 'Status: "' in installed.run("systemctl", "status", "--no-pager", UNIT)


def test_it_starts_with_the_device(installed: Any) -> None:
    assert installed.show(UNIT, "UnitFileState") == {"UnitFileState": "enabled"}


def test_health_is_told_on_loopback(installed: Any) -> None:
    ask = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:9464/healthz').status)"
    assert "200" in installed.run("python3", "-c", ask)


def test_killed_it_comes_back(installed: Any) -> None:
    before, after = signalled(installed, signal.SIGKILL)
    assert after != before


def test_hung_it_is_replaced_and_says_where_it_hung(installed: Any) -> None:
    signalled(installed, signal.SIGSTOP)
    told = installed.journal(UNIT)
    assert "Watchdog timeout" in told
    assert "most recent call first" in told
    assert "dumped core" not in told


def test_a_network_camera_that_is_away_is_called_so(installed: Any) -> None:
    """With the OpenCV that devices have, which is older than the one for development."""
    installed.write(CONFIG, '[camera]\nsource = "rtsp://me:hidden@127.0.0.1:9/x"\n')
    installed.run("systemctl", "restart", UNIT)
    seen = installed.show(UNIT, "StatusText")["StatusText"] + installed.journal(UNIT)
    installed.write(CONFIG, DEMO % 9464)
    installed.run("systemctl", "restart", UNIT)
    assert "CANNOT SEE" in seen
    assert "AttributeError" not in seen
    assert "hidden" not in seen


def test_stopped_it_ends_in_time(installed: Any) -> None:
    installed.run("systemctl", "stop", UNIT)
    found = installed.show(UNIT, "Result", "ExecMainStatus", "ActiveState")
    assert found == {"Result": "success", "ExecMainStatus": "0", "ActiveState": "inactive"}
    installed.run("systemctl", "start", UNIT)


def test_a_configuration_that_cannot_be_used_is_not_tried_again(installed: Any) -> None:
    installed.write(CONFIG, "[camera]\nsauce = 'demo:'\n")
    installed.run("systemctl", "restart", UNIT, check=False)
    found = installed.show(UNIT, "ExecMainStatus", "ActiveState", "SubState")
    installed.write(CONFIG, DEMO % 9464)
    installed.run("systemctl", "restart", UNIT)
    assert found == {"ExecMainStatus": "78", "ActiveState": "failed", "SubState": "failed"}


@pytest.fixture(scope="module")
def probed(installed: Any) -> dict[str, Any]:
    """What a program finds in the service's place, with a camera and another device plugged in."""
    installed.run("mkdir", "-p", "/etc/edge-run/credentials")
    installed.write("/etc/edge-run/credentials/desk", "top secret\n")
    # /dev/zero, the one device here that a closed policy allows, and one that it does not
    installed.run("mknod", "--mode=660", "/dev/video0", "c", "1", "5")
    installed.run("chgrp", "video", "/dev/video0")
    installed.run("mknod", "--mode=666", "/dev/other", "c", "10", "229")
    drop_in = f"/etc/systemd/system/{UNIT}.d/probe.conf"
    installed.write(drop_in, PROBE)
    installed.run("systemctl", "daemon-reload")
    installed.run("systemctl", "restart", UNIT)
    lines = installed.journal(UNIT).splitlines()
    installed.run("rm", drop_in)
    installed.run("systemctl", "daemon-reload")
    found: dict[str, Any] = json.loads(next(line for line in lines if line.startswith("{")))
    return found


def test_credentials_reach_the_service_only(probed: dict[str, Any]) -> None:
    assert probed["credentials"] == {"secret_desk": "top secret\n"}
    assert probed["credential files"] == "EACCES"


def test_a_credential_stands_in_for_its_value(installed: Any, probed: dict[str, Any]) -> None:
    assert probed["credentials"]
    sink = (
        '[sinks.desk]\ntype = "webhook"\nurl = "http://127.0.0.1:9/"\nsecret = "credential:desk"\n'
    )
    installed.write(CONFIG, DEMO % 9464 + sink)
    told = installed.run("systemctl", "restart", UNIT, check=False)
    installed.write(CONFIG, DEMO % 9464)
    if told:
        installed.run("systemctl", "restart", UNIT)
    assert told == "", installed.journal(UNIT)


def test_its_camera_can_be_opened_and_no_other_device(probed: dict[str, Any]) -> None:
    assert (probed["camera"], probed["other device"]) == ("", "EPERM")


def test_it_writes_to_its_state_only(probed: dict[str, Any]) -> None:
    """Beside what is its own and in memory."""
    assert probed["state"] == ""
    assert set(probed["writable"]) <= {"/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue"}


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("own program", "EACCES"),
        ("code made at run time", "EPERM"),
        ("raw packets", "EAFNOSUPPORT"),
        ("namespace", "EPERM"),
        ("configuration", ""),
        ("cpuinfo", ""),
    ],
)
def test_what_the_sandbox_allows(probed: dict[str, Any], what: str, error: str) -> None:
    assert probed[what] == error


def test_it_is_not_root_and_leaves_no_core(probed: dict[str, Any]) -> None:
    assert (probed["root"], probed["core"]) == (False, "0")


def test_a_hung_systemd_is_left_to_the_board(installed: Any) -> None:
    installed.run("mkdir", "-p", "/etc/systemd/system.conf.d")
    drop_in = "/checkout/systemd/drop-ins/hardware-watchdog.conf"
    installed.run("cp", drop_in, "/etc/systemd/system.conf.d")
    installed.run("systemctl", "daemon-reexec")
    assert "RuntimeWatchdogUSec=15s" in installed.run("systemctl", "show")
    assert installed.running(UNIT)


def test_a_failed_upgrade_leaves_the_running_one_alone(installed: Any) -> None:
    before = installed.running(UNIT)
    releases = installed.run("ls", "/opt/edge-emotion/releases")
    told = installed.run(*INSTALL[:-1], "/checkout/systemd", check=False)
    assert "install.sh: error: the package could not be installed" in told
    assert installed.running(UNIT) == before
    assert installed.run("ls", "/opt/edge-emotion/releases") == releases


def test_an_upgrade_that_does_not_start_is_taken_back(installed: Any) -> None:
    before = installed.run("readlink", "/opt/edge-emotion/venv")
    leave_out = "--exclude=./.* --exclude=__pycache__"
    copy = f"mkdir /newer; tar -C /checkout -c {leave_out} . | tar -C /newer -x"
    installed.run("bash", "-c", copy)
    installed.run("tee", "-a", "/newer/edge/supervisor.py", text="\nraise OSError('broken')\n")
    told = installed.run(*INSTALL[:1], "/newer/systemd/install.sh", *INSTALL[2:], check=False)
    assert "the version before is in use again" in told
    assert installed.run("readlink", "/opt/edge-emotion/venv") == before
    assert installed.running(UNIT)


def test_one_more_camera_is_an_upgrade_that_keeps_the_first(installed: Any) -> None:
    first = installed.run("readlink", "/opt/edge-emotion/venv")
    installed.run("touch", "/var/lib/edge-run/kept")
    told = installed.run(*INSTALL, "--instance", "door")
    assert "edge-run@door: " in told
    config = installed.run("cat", "/etc/edge-run/door.toml")
    assert 'path = "/var/lib/edge-run-door/outbox.sqlite3"' in config
    assert installed.run("readlink", "/opt/edge-emotion/venv") != first
    assert len(installed.run("ls", "/opt/edge-emotion/releases").split()) == 1
    assert installed.running(UNIT)
    assert installed.running("edge-run@door.service")
    assert "127.0.0.1:9465" in installed.run("grep", "^listen", "/etc/edge-run/door.toml")
    assert installed.run("cat", CONFIG) == DEMO % 9464
    installed.run("ls", "/var/lib/edge-run/kept", "/var/lib/edge-run-door/")


def test_what_somebody_has_disabled_stays_so(installed: Any) -> None:
    installed.run("systemctl", "disable", "--now", UNIT)
    told = installed.run(*INSTALL)
    assert "edge-run does not start with the device: sudo systemctl enable --now edge-run" in told
    assert installed.show(UNIT, "UnitFileState", "ActiveState") == {
        "UnitFileState": "disabled",
        "ActiveState": "inactive",
    }
    assert installed.running("edge-run@door.service")
    installed.run("systemctl", "enable", "--now", UNIT)


def test_a_configuration_that_an_editor_has_closed_is_opened(installed: Any) -> None:
    installed.run("chown", "root:root", CONFIG)
    installed.run("chmod", "600", CONFIG)
    assert "chmod 640" in installed.run("edge-run", "doctor", check=False)
    installed.run(*INSTALL)
    assert installed.running(UNIT)
    assert installed.run("stat", "-c", "%G %a", CONFIG) == "video 640\n"


def test_uninstalled_it_keeps_what_is_the_operators(installed: Any) -> None:
    installed.run(*INSTALL[:2], "--uninstall")
    assert not installed.running(UNIT)
    assert "edge-emotion" not in installed.run("ls", "/opt")
    units = installed.run(
        "ls", "/etc/systemd/system", "/etc/systemd/system/multi-user.target.wants"
    )
    assert "edge-run.service\n" not in units
    installed.run("ls", CONFIG, "/etc/edge-run/credentials/desk", "/var/lib/edge-run/kept")


def test_purged_nothing_is_left(installed: Any) -> None:
    installed.run(*INSTALL[:2], "--uninstall", "--purge")
    places = ("/etc", "/etc/systemd/system", "/opt", "/usr/local/bin", "/var/lib")
    left = installed.run("ls", *places, "/var/lib/private")
    assert "edge-" not in left
