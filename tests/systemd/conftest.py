"""A machine of one's own: this system's files under a systemd that really runs, in a container.

Its files are an overlay in memory inside a mount namespace, its processes are in a PID namespace
that ends with whoever began it, so that nothing is left behind however the tests end. A control
group of its own keeps two at a time apart.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = ("systemd-nspawn", "nsenter", "unshare", "setpriv")
NEEDED = (
    *("numpy", "opencv-python-headless", "ai-edge-litert", "imagesize", "tqdm", "paho-mqtt"),
    *("prometheus_client", "setuptools>=77"),
)
DEADLINE = 60.0  # seconds; only a machine that hangs takes them
# what runs `BOOT` as process 1 of a namespace, and takes the namespace with it
CASE = (
    *("setpriv", "--pdeathsig=KILL", "unshare", "--mount", "--propagation=private"),
    *("--pid", "--fork", "--kill-child=KILL", "--mount-proc", "bash", "-c"),
)
BOOT = r"""
set -e
mkdir "$4"
echo 0 > "$4/cgroup.procs"
mount -t tmpfs tmpfs "$1"
mkdir "$1"/{up,work,root}
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" "$1/root"
rm -rf "$1"/root/opt/edge-emotion "$1"/root/etc/edge-run "$1"/root/var/lib/{,private/}edge-run*
rm -rf "$1"/root/var/log/journal
exec systemd-nspawn --quiet --directory="$1/root" --boot --register=no --keep-unit \
    --machine=edge-test --private-network --link-journal=no \
    --capability=CAP_BPF,CAP_PERFMON --system-call-filter=bpf \
    --bind-ro="$2:/checkout" --bind-ro="$3:/wheels" --console=pipe \
    systemd.unit=basic.target systemd.mask=timers.target
"""
Ask = Callable[[], bool]


def until(ask: Ask, what: str) -> None:
    """Wait until `ask` says yes; what a real process does cannot be waited for otherwise."""
    pause, end = threading.Event(), time.monotonic() + DEADLINE
    while not ask():
        assert time.monotonic() < end, f"waited {DEADLINE:g} s in vain: {what}"
        pause.wait(0.1)


@dataclass
class Machine:
    """The container.

    Attributes:
        leader: Its PID 1, as seen from outside.
    """

    leader: int

    def run(self, *command: str, check: bool = True, text: str = "") -> str:
        """Run a command as root; what it printed, stderr included. `text` is its input."""
        done = subprocess.run(
            ["nsenter", f"--target={self.leader}", "--all", "--", *command],
            input=text,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
            env={"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
        )
        printed = done.stdout + done.stderr
        assert done.returncode == 0 or not check, f"{command}: {done.returncode}\n{printed}"
        return printed

    def until(self, ask: Ask, what: str) -> None:
        """Wait until `ask` says yes."""
        until(ask, what)

    def write(self, path: str, text: str) -> None:
        """Write a file."""
        self.run("tee", path, text=text)

    def show(self, unit: str, *properties: str) -> dict[str, str]:
        """Properties of a unit."""
        wanted = [f"--property={name}" for name in properties]
        lines = self.run("systemctl", "show", *wanted, unit).splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def running(self, unit: str) -> int:
        """The unit's main process, 0 if it is not up and ready."""
        found = self.show(unit, "ActiveState", "MainPID")
        return int(found["MainPID"]) if found["ActiveState"] == "active" else 0

    def journal(self, unit: str) -> str:
        """What the unit and systemd have said about it."""
        return self.run("journalctl", "--no-pager", "--output=cat", f"--unit={unit}")

    def replaced(self, unit: str, before: int) -> int:
        """Wait for another main process than `before`; returns it."""
        until(lambda: self.running(unit) not in {0, before}, f"{unit}: a new process")
        return self.running(unit)


def _missing() -> str:
    if os.geteuid() != 0:
        return "booting a container needs root"
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    if absent:
        return f"{', '.join(absent)} not installed (apt install systemd-container util-linux)"
    if "overlay" not in Path("/proc/filesystems").read_text():
        return "this kernel has no overlay file system"
    return ""


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the package needs on a device, as files."""
    python = "/usr/bin/python3"
    folder = tmp_path_factory.mktemp("wheels")
    asked = subprocess.run([python, "-c", "import sys; print(sys.version_info >= (3, 13))"],
                           capture_output=True, text=True, check=False)  # fmt: skip
    pins = "trixie" if asked.stdout.strip() == "True" else "bookworm"
    done = subprocess.run(
        [
            *(python, "-m", "pip", "download", "--quiet", "--dest", str(folder)),
            *("--only-binary=:all:", "-c", str(ROOT / f"systemd/constraints-{pins}.txt")),
            *NEEDED,
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"no wheels to install from: {done.stderr.strip().splitlines()[-1]}")
    return folder


@pytest.fixture(scope="session")
def machine(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A booted machine that nothing of ours has been installed on."""
    if missing := _missing():
        pytest.skip(missing)
    base, log = tmp_path_factory.mktemp("machine"), tmp_path_factory.mktemp("log") / "console"
    group = _control_groups() / f"edge-test-{os.getpid()}"
    with (
        log.open("w") as console,
        subprocess.Popen(
            [*CASE, BOOT, "boot", *map(str, (base, ROOT, wheels, group))],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
        ) as case,
    ):
        try:
            yield _booted(case, log)
        finally:
            case.kill()
            case.wait()
            _remove(group)
            for older in _mounted("cgroup"):  # beside version 2, systemd keeps one there, too
                _remove(older / group.name)


def _mounted(kind: str) -> list[Path]:
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    return [Path(where) for _, where, this, *_ in mounts if this == kind]


def _control_groups() -> Path:
    found = _mounted("cgroup2")
    if not found:
        pytest.skip("this machine has no control groups of version 2")
    return found[0]


def _remove(group: Path) -> None:
    """A control group and those in it, once their last process is gone."""

    def empty() -> bool:
        with suppress(FileNotFoundError):
            return "populated 0" in (group / "cgroup.events").read_text()
        return True

    until(empty, f"{group} is empty")
    for folder, _, _ in os.walk(group, topdown=False):
        Path(folder).rmdir()


def _children(process: int) -> list[int]:
    return [
        int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split()
    ]


def _booted(case: subprocess.Popen[bytes], log: Path) -> Machine:
    def up() -> bool:
        if case.poll() is not None:
            pytest.skip(f"systemd-nspawn does not boot here: {log.read_text().strip()[-300:]}")
        with suppress(OSError, ValueError, AssertionError):
            (nspawn,) = _children(case.pid)
            (leader,) = _children(nspawn)
            found.append(Machine(leader))
            return "active" in found[-1].show("basic.target", "ActiveState").values()
        return False

    found: list[Machine] = []
    until(up, "the container boots")
    return found[-1]
